package io.headrace.cache;

import io.headrace.Codec;
import io.headrace.cache.StoredEntry.Answer;
import io.headrace.model.ChatCodec;
import io.headrace.model.EmbeddingCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes a {@link CacheCheck} in one reading of everything. */
final class CheckReading {

    private static final int MAX_PROBLEMS = 100;

    private static final Map<String, Codec<?>> CODECS =
            Map.of("chat", ChatCodec.instance(), "embed", EmbeddingCodec.instance());

    private long sound;
    private long unread;
    private long bad;
    private final List<String> problems = new ArrayList<>(GoldenKeys.problems());

    void add(StoredEntry stored) {
        if (stored instanceof StoredEntry.Damaged damaged) {
            String place = damaged.fingerprint() == null
                    ? ""
                    : "answer " + damaged.sample() + " of " + damaged.fingerprint() + ": ";
            bad(place + damaged.problem());
        } else if (stored instanceof Answer answer) {
            add(answer);
        }
    }

    private void add(Answer answer) {
        Codec<?> codec = codec(answer.entry());
        if (codec == null) {
            unread++;
            return;
        }
        try {
            codec.decode(answer.entry().answer());
            sound++;
        } catch (RuntimeException e) {
            bad("answer " + answer.sample() + " of " + answer.fingerprint() + " cannot be decoded ("
                    + e.getClass().getSimpleName() + ")"); // the message may hold a part of the answer
        }
    }

    private static @Nullable Codec<?> codec(CacheEntry entry) {
        for (Map.Entry<String, Codec<?>> known : CODECS.entrySet()) {
            if (FieldDigests.has(entry.fields(), "operation", known.getKey())) {
                return known.getValue();
            }
        }
        return null;
    }

    private void bad(String problem) {
        bad++;
        if (problems.size() < MAX_PROBLEMS) {
            problems.add(problem);
        }
    }

    CacheCheck result() {
        return new CacheCheck(sound, unread, bad, problems);
    }
}
