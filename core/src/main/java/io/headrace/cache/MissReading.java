package io.headrace.cache;

import io.headrace.cache.StoredEntry.Answer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds a {@link WhyMiss} in one reading of everything. */
final class MissReading {

    private final CallKey key;
    private final Instant until;
    private final List<Integer> samples = new ArrayList<>();
    private @Nullable Answer nearest;
    private List<WhyMiss.Difference> differences = List.of();

    /** @param until answers stored later do not count */
    MissReading(CallKey key, Instant until) {
        this.key = key;
        this.until = until;
    }

    void add(Answer answer) {
        if (answer.fingerprint().equals(key.fingerprint())) {
            samples.add(answer.sample());
        } else if (!answer.entry().storedAt().isAfter(until)) {
            List<WhyMiss.Difference> differing =
                    FieldDigests.between(key.fields(), answer.entry().fields());
            if (isNearer(answer, differing.size())) {
                nearest = answer;
                differences = differing;
            }
        }
    }

    private boolean isNearer(Answer answer, int differing) {
        return nearest == null
                || differing < differences.size()
                || (differing == differences.size()
                        && answer.entry().storedAt().isAfter(nearest.entry().storedAt()));
    }

    WhyMiss whyMiss() {
        return new WhyMiss(samples.stream().sorted().toList(), nearest, differences);
    }
}
