package io.headrace.run;

import java.util.HashMap;
import java.util.Map;

/** A row of which an expand step made children: which of these are done. Lives only while the row is unfinished. */
final class OpenRow {

    private final long ordinal;
    private final long version;
    private final Siblings children = new Siblings();
    private int status = RowStatus.SKIPPED;

    OpenRow(long ordinal, long version) {
        this.ordinal = ordinal;
        this.version = version;
    }

    long version() {
        return version;
    }

    long ordinal() {
        return ordinal;
    }

    /** Failed if any leaf failed (the first one's kind), else ok if any is, else skipped. */
    int status() {
        return status;
    }

    boolean isComplete() {
        return children.isComplete();
    }

    boolean has(int[] path) {
        return children.has(path, 0);
    }

    /** Whether {@code path} contradicts what is known: another number of siblings, a leaf that has children. */
    boolean conflicts(int[] path) {
        return children.conflicts(path, 0);
    }

    void add(int[] path, int leafStatus) {
        children.add(path, 0);
        if (RowStatus.isFailed(leafStatus)) {
            status = RowStatus.isFailed(status) ? status : leafStatus;
        } else if (leafStatus == RowStatus.OK && !RowStatus.isFailed(status)) {
            status = RowStatus.OK;
        }
    }

    /** The children of one item; a leaf is an entry without children of its own. */
    private static final class Siblings {

        private static final Siblings LEAF = new Siblings();

        private final Map<Integer, Siblings> byIndex = new HashMap<>();
        private int count;
        private int complete;

        boolean isComplete() {
            return count > 0 && complete == count;
        }

        boolean has(int[] path, int at) {
            Siblings child = byIndex.get(path[at]);
            return child != null && (child == LEAF || (at + 2 < path.length && child.has(path, at + 2)));
        }

        boolean conflicts(int[] path, int at) {
            if (count != 0 && count != path[at + 1]) {
                return true;
            }
            Siblings child = byIndex.get(path[at]);
            if (child == null) {
                return false;
            }
            boolean isLeaf = at + 2 == path.length;
            return isLeaf != (child == LEAF) || (!isLeaf && child.conflicts(path, at + 2));
        }

        void add(int[] path, int at) {
            count = path[at + 1];
            if (at + 2 == path.length) {
                complete += byIndex.put(path[at], LEAF) == null ? 1 : 0;
                return;
            }
            Siblings child = byIndex.computeIfAbsent(path[at], index -> new Siblings());
            boolean before = child.isComplete();
            child.add(path, at + 2);
            complete += child.isComplete() && !before ? 1 : 0;
        }
    }
}
