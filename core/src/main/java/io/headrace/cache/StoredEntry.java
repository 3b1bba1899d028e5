package io.headrace.cache;

import io.headrace.Fingerprint;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a store holds in one place: an answer, or something that was one. */
public sealed interface StoredEntry {

    /** An answer and where it is filed. */
    record Answer(Fingerprint fingerprint, int sample, CacheEntry entry) implements StoredEntry {

        public Answer {
            Objects.requireNonNull(fingerprint, "fingerprint");
            Objects.requireNonNull(entry, "entry");
        }
    }

    /**
     * A record that cannot be read, or several in a row. {@link ResponseCache#get} finds nothing there.
     *
     * @param fingerprint where it is filed; null if the damage hides that
     * @param sample likewise, 0 if it is hidden
     * @param problem what is wrong, with nothing of the content
     */
    record Damaged(@Nullable Fingerprint fingerprint, int sample, String problem) implements StoredEntry {

        public Damaged {
            Objects.requireNonNull(problem, "problem");
        }
    }
}
