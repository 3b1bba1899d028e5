package io.headrace.run;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Tally;
import io.headrace.Usage;

/**
 * What a run took over all its resumptions, as the journal counts it.
 *
 * @param sent attempts started
 * @param unknown attempts that ended within their process with an unknown outcome
 * @param lost attempts whose process died before they ended
 * @param lostCost the most that these may have cost
 * @param used tokens of the attempts that ended
 * @param paid money of the attempts that ended
 * @param doubtful the most that attempts may have cost that ended with an unknown cost
 * @param items the tallies of the items that are done, superseded ones included, and what calls took beside them
 */
record Totals(long sent, long unknown, long lost, Cost lostCost, Usage used, Cost paid, Cost doubtful, Tally items) {

    static final Totals ZERO = new Totals(0, 0, 0, Cost.ZERO, Usage.ZERO, Cost.ZERO, Cost.ZERO, Tally.ZERO);

    Totals started() {
        return new Totals(sent + 1, unknown, lost, lostCost, used, paid, doubtful, items);
    }

    /**
     * @param reserved the most that the attempt may have cost
     */
    Totals ended(Delivery delivery, Usage usage, Cost cost, Cost reserved) {
        return new Totals(
                sent,
                delivery == Delivery.UNKNOWN ? unknown + 1 : unknown,
                lost,
                lostCost,
                used.plus(usage),
                paid.plus(cost),
                cost.isKnown() ? doubtful : doubtful.plus(reserved),
                items);
    }

    Totals lost(Cost reserved) {
        return new Totals(sent, unknown, lost + 1, lostCost.plus(reserved), used, paid, doubtful, items);
    }

    Totals done(Tally tally) {
        return new Totals(sent, unknown, lost, lostCost, used, paid, doubtful, items.plus(tally));
    }

    Totals plus(Totals other) {
        return new Totals(
                sent + other.sent,
                unknown + other.unknown,
                lost + other.lost,
                lostCost.plus(other.lostCost),
                used.plus(other.used),
                paid.plus(other.paid),
                doubtful.plus(other.doubtful),
                items.plus(other.items));
    }
}
