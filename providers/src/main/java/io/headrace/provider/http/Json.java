package io.headrace.provider.http;

import java.io.OutputStream;
import java.io.StringWriter;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/** Streaming JSON, without data binding: fewer classes at the start and no tree on the hot path. */
final class Json {

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.threadLocalPool()) // the default pool is one for all threads
            .build();

    private Json() {}

    static JsonParser parser(HttpAnswer answer) {
        return parser(answer.body(), answer.length());
    }

    static JsonParser parser(byte[] json, int length) {
        return FACTORY.createParser(ObjectReadContext.empty(), json, 0, length);
    }

    /** Why JSON cannot be read, to follow its name: where it breaks off, or which limit on depth or length it is over. */
    static String fault(JacksonException e) {
        TokenStreamLocation location = e.getLocation();
        return location == null
                ? "is no JSON that can be read: " + e.getOriginalMessage()
                : "is not whole JSON, at byte " + location.getByteOffset();
    }

    /** The value that {@code in} stands on. */
    static String copy(JsonParser in) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            out.copyCurrentStructureExact(in);
        }
        return text.toString();
    }

    static JsonGenerator generator(OutputStream out) {
        return FACTORY.createGenerator(ObjectWriteContext.empty(), out);
    }
}
