package io.headrace.admission;

/**
 * How a limit grows with the time that it was used. At first it doubles with every round trip. After a cut it moves as CUBIC does
 * (RFC 9438): back to near the last limit, slowly about it, and then faster and faster. Times are in seconds.
 */
final class Growth {

    /** From a cut back to the plateau. */
    private static final double BACK = 5;

    /** The pace beyond the plateau: a third of this is a thirtieth of its height. */
    private static final double PROBING = 20;

    /** At this share of {@link #PROBING} the limit is clearly higher than the plateau, and doubles in so many seconds. */
    private static final double CLEARLY = 0.6;

    private static final double DOUBLED = 4;

    /** A plateau that was confirmed again and again lasts no longer than this, and where calls are rare half as long again. */
    private static final double LONGEST_HOLD = 20;

    /** No round trip is taken for shorter: servers count by the second at the finest. */
    private static final double SHORTEST_ROUND = 1;

    private final double floor;
    private double from;
    private double plateau;
    private double back = BACK;
    private double clock;
    private double hold;
    private double stretch = 1;
    private double doublings = 1;

    /** Slow start at {@code from}. */
    Growth(double from, double floor) {
        this.floor = floor;
        this.from = from;
        this.plateau = Double.POSITIVE_INFINITY;
    }

    double limit() {
        if (!hasPlateau()) {
            return from;
        }
        if (clock < back) {
            double left = 1 - clock / back;
            return plateau - (plateau - from) * left * left * left;
        }
        double pace = PROBING * stretch;
        double past = Math.max(0, clock - back - Math.min(hold, LONGEST_HOLD * Math.min(1.5, stretch))) / pace;
        double near = Math.min(past, CLEARLY);
        return plateau * (1 + near * near * near) * Math.pow(2, (past - near) * pace / DOUBLED);
    }

    boolean hasPlateau() {
        return plateau < Double.POSITIVE_INFINITY;
    }

    double plateau() {
        return plateau;
    }

    /** It was used for {@code seconds} more. */
    void advance(double seconds, double roundTrip) {
        if (hasPlateau()) {
            clock += seconds;
        } else {
            from *= Math.pow(2, doublings * Math.min(1, seconds / Math.max(SHORTEST_ROUND, roundTrip)));
        }
    }

    /**
     * Likewise, by no more than {@code most} beyond where it was before.
     *
     * @return by how much it grew into the unknown
     */
    double advance(double seconds, double roundTrip, double most) {
        double clockBefore = clock;
        double fromBefore = from;
        double before = limit();
        advance(seconds, roundTrip);
        double grown = limit() - before;
        if (limit() <= plateau && hasPlateau()) {
            return 0;
        }
        if (grown <= most) {
            return grown;
        }
        if (hasPlateau()) {
            clock = clockBefore;
            return 0;
        }
        from = fromBefore + most;
        return most;
    }

    /** Starts anew from {@code from} towards {@code plateau}. */
    void restart(double from, double plateau) {
        restart(from, plateau, BACK);
    }

    /** Likewise, and is there after {@code back}. */
    void restart(double from, double plateau, double back) {
        this.back = back;
        this.plateau = Math.max(floor, plateau);
        this.from = Math.min(Math.max(floor, from), this.plateau);
        clock = 0;
    }

    /** Goes on from {@code from} without a plateau, in small steps: something was too much, and it is not known what. */
    void feelOn(double from) {
        this.from = Math.max(floor, from);
        plateau = Double.POSITIVE_INFINITY;
        doublings = 0.3;
    }

    /** Doubles from {@code from} on, as at first. */
    void search(double from) {
        feelOn(from);
        doublings = 1;
    }

    /** Where it stands, to come {@linkplain #backTo back} to. */
    Standing standing() {
        return new Standing(limit(), plateau);
    }

    record Standing(double limit, double plateau) {}

    /** Halves what there is. */
    void halve() {
        from = Math.max(floor, limit() / 2);
        if (hasPlateau()) {
            plateau = from;
        }
        clock = 0;
    }

    /** Goes back to where it stood, from a quarter of it. */
    void backTo(Standing standing) {
        restart(standing.limit / 4, Math.min(standing.limit, standing.plateau));
    }

    /** A plateau at the same height as the one before is trusted for longer, another one is not. */
    void confirmed(boolean same) {
        hold = same ? Math.max(BACK, 2 * hold) : 0;
    }

    /** Probes more slowly where calls are rare, so that refusals stay a small share of them; 1 is the usual pace. */
    void stretch(double factor) {
        stretch = Math.max(1, factor);
    }
}
