package io.headrace.batch;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * How many tokens of one kind may be out at a time: as stated, and as refusals taught. Each batch that is collected lets what was
 * learned grow by a quarter. Belongs to the queue's file thread.
 */
final class TokenQuotas {

    private final Map<String, Long> learned = new HashMap<>();
    private final long stated;

    TokenQuotas(long stated) {
        this.stated = stated;
    }

    /** Whether the pack may be submitted beside those of its kind that are out. */
    boolean admits(Pack pack, Collection<Pack> packs) {
        long out = out(pack, packs);
        return out == 0 || out + pack.tokens <= Math.min(stated, learned.getOrDefault(pack.kind(), Long.MAX_VALUE));
    }

    /** The provider had no room for it; gives whether others of its kind are out, whose end will make some. */
    boolean refused(Pack pack, Collection<Pack> packs) {
        long out = out(pack, packs);
        if (out > 0) {
            learned.put(pack.kind(), out + pack.tokens - 1);
        }
        return out > 0;
    }

    /** A batch of that kind was collected. */
    void ended(String kind) {
        learned.computeIfPresent(kind, (same, most) -> most + most / 4 + 1);
    }

    private static long out(Pack pack, Collection<Pack> packs) {
        return packs.stream()
                .filter(other -> other != pack && other.kind().equals(pack.kind()))
                .filter(Pack::isOut)
                .mapToLong(other -> other.tokens)
                .sum();
    }
}
