package io.headrace;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A reader of samples: of every fingerprint it is given the stored answers one after another, and none twice. Equal calls in one
 * namespace are independent draws; another namespace starts at sample 0 again and is given the same answers for nothing.
 *
 * <p>Where it stands is kept in this object and nowhere else: two objects of one name read the same answers, and so does the
 * next process. Each item of a pipeline has its own, as long as the item lives. A call is put into one by {@link
 * CallOptions#withNamespace}.
 *
 * <p>Thread-safe.
 */
public final class Namespace {

    /** Outside any namespace: every call reads sample 0. */
    public static final Namespace NONE = new Namespace("");

    private final String name;
    private final Map<Fingerprint, BitSet> taken = new HashMap<>(2);

    private Namespace(String name) {
        this.name = name;
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
        return name;
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
        if (this == NONE) {
            return 0;
        }
        synchronized (taken) {
            BitSet had = taken.computeIfAbsent(fingerprint, first -> new BitSet());
            int from = had.nextClearBit(0);
            for (int next = had.nextSetBit(from); next >= 0 && next < from + count; next = had.nextSetBit(from)) {
                from = had.nextClearBit(next);
            }
            had.set(from, from + count);
            return from;
        }
    }

    /** Gives back what a call that failed or was cancelled had taken; the next call takes it. */
    public void giveBack(Fingerprint fingerprint, int from, int count) {
        if (this == NONE) {
            return;
        }
        synchronized (taken) {
            BitSet had = taken.get(fingerprint);
            if (had != null) {
                had.clear(from, from + count);
                if (had.isEmpty()) {
                    taken.remove(fingerprint);
                }
            }
        }
    }

    @Override
    public String toString() {
        return "Namespace[" + name + "]";
    }
}
