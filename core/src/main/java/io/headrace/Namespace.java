package io.headrace;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A reader of samples: it reads the stored answers to each fingerprint one after another, and none twice. So equal calls in one namespace are
 * independent draws. Another namespace starts at sample 0 again and reads the same answers for free.
 *
 * <p>How far it has read is kept only in this object: two objects of one name read the same answers, and so does the next process. Each item
 * of a pipeline has its own ({@link ItemNamespaces}). {@link CallOptions#withNamespace} puts a call into one.
 *
 * <p>Thread-safe.
 */
public final class Namespace {

    /** Outside any namespace: every call reads sample 0. */
    public static final Namespace NONE = new Namespace("");

    private final @Nullable ItemNamespaces items;
    private final String name;
    private final @Nullable Taken own;

    private Namespace(String name) {
        this.items = null;
        this.name = name;
        this.own = new Taken();
    }

    /** That of an item, which others may stand for too: where it is read {@code items} know. */
    Namespace(ItemNamespaces items, String item) {
        this.items = items;
        this.name = item;
        this.own = null;
    }

    /**
     * A namespace that has had nothing yet.
     *
     * @param name kept with the answers that are bought in it; by the part before a slash whole groups of them can be found
     * @throws IllegalArgumentException for a blank name
     */
    public static Namespace of(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a namespace needs a name");
        }
        return new Namespace(name);
    }

    /** Empty for {@link #NONE}. */
    public String name() {
        return items == null ? name : items.prefix() + "/" + name;
    }

    /**
     * Takes the lowest {@code count} samples in a row that this namespace has not had and that nobody holds.
     *
     * @return the first of them; 0 in {@link #NONE}
     * @throws IllegalArgumentException for a count below 1
     */
    public int take(Fingerprint fingerprint, int count) {
        Objects.requireNonNull(fingerprint, "fingerprint");
        if (count < 1) {
            throw new IllegalArgumentException("at least 1 sample is taken, not " + count);
        }
        return this == NONE ? 0 : taken().take(fingerprint, count);
    }

    /** Gives back the samples of a call that failed or was cancelled; the next call takes them. */
    public void giveBack(Fingerprint fingerprint, int from, int count) {
        if (this != NONE) {
            taken().giveBack(fingerprint, from, count);
        }
    }

    private Taken taken() {
        return own != null ? own : Objects.requireNonNull(items).taken(name);
    }

    @Override
    public String toString() {
        return "Namespace[" + name() + "]";
    }

    /** The samples that a namespace has had, or that calls in it hold. */
    static final class Taken {

        private final Map<Fingerprint, BitSet> samples = new HashMap<>(2);

        synchronized int take(Fingerprint fingerprint, int count) {
            BitSet had = samples.computeIfAbsent(fingerprint, first -> new BitSet());
            int from = had.nextClearBit(0);
            for (int next = had.nextSetBit(from); next >= 0 && next < from + count; next = had.nextSetBit(from)) {
                from = had.nextClearBit(next);
            }
            had.set(from, from + count);
            return from;
        }

        synchronized void giveBack(Fingerprint fingerprint, int from, int count) {
            BitSet had = samples.get(fingerprint);
            if (had != null) {
                had.clear(from, from + count);
                if (had.isEmpty()) {
                    samples.remove(fingerprint);
                }
            }
        }
    }
}
