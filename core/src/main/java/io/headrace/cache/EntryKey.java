package io.headrace.cache;

import io.headrace.Fingerprint;
import java.util.Objects;

/** Where an entry stands in memory. */
record EntryKey(Fingerprint fingerprint, int sample) {

    EntryKey {
        Objects.requireNonNull(fingerprint, "fingerprint");
        if (sample < 0) {
            throw new IllegalArgumentException("a sample counts from 0, not " + sample);
        }
    }

    @Override
    public int hashCode() {
        return fingerprint.hashCode() + sample;
    }
}
