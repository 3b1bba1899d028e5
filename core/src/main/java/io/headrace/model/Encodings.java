package io.headrace.model;

import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import java.util.function.ToLongFunction;

/** The only class that knows jtokkit, which may be absent. */
final class Encodings {

    private Encodings() {}

    /** Whether jtokkit is there; this class must not be touched otherwise, but for this. */
    static boolean arePresent() {
        try {
            Class.forName("com.knuddels.jtokkit.Encodings", false, Encodings.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** Counts tokens in the encoding of that name. Takes a second and some tens of megabytes. */
    static ToLongFunction<String> load(String name) {
        EncodingType type = EncodingType.fromName(name).orElseThrow();
        Encoding encoding =
                com.knuddels.jtokkit.Encodings.newLazyEncodingRegistry().getEncoding(type);
        return encoding::countTokensOrdinary;
    }
}
