package io.headrace.batch;

import io.headrace.Cost;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;

/**
 * How each request of the queue stands, what they may still cost or cost in vain, and which answers were claimed. At most 16 bytes a request, off the
 * heap. Derived from the journal and the files of the packs, but for the claims, which have a file of their own.
 *
 * <p>A value is its state and 52 bits: money in millionths of a millionth of a dollar with a bit for an unknown price, where an
 * error lies, or who claimed the answer. Safe for any number of threads.
 */
final class Standings implements Closeable {

    /** Nothing is known, or what was known needs nobody any more. */
    static final int UNKNOWN = 0;

    /** Its request is in a pack that was not collected yet. */
    static final int PARKED = 1;

    /** Its answer came, and nobody has claimed it. */
    static final int BOUGHT = 2;

    /** The same, and the cache was once said not to have it. */
    static final int MISSED = 3;

    static final int FAILED = 4;
    static final int ONLINE = 5;

    /** Its pack was collected without an end for it, and it is about to go into another one. */
    static final int AGAIN = 6;

    /** Its answer was bought and claimed. Nothing needs to be known for a call, which finds it in the cache. */
    private static final int CLAIMED = 7;

    /** It may have been paid for nothing that is kept: it goes into another batch when it is asked for anew, and only then. */
    static final int WASTED = 8;

    private static final int STATE = (1 << RequestIndex.STATE_BITS) - 1;
    private static final int DETAIL_BITS = RequestKey.BITS - RequestIndex.STATE_BITS;
    private static final long DETAIL = (1L << DETAIL_BITS) - 1;
    private static final long MOST_MONEY = (1L << (DETAIL_BITS - 1)) - 1;
    private static final int SCALE = 12;
    private static final String CLAIMS = "claims";

    private final RequestIndex index;
    private final ClaimFile claims;
    private Cost wasted = Cost.ZERO;
    private long money;
    private long unknownPrices;
    private long unclaimed;
    private long missed;

    private Standings(RequestIndex index, ClaimFile claims) {
        this.index = index;
        this.claims = claims;
    }

    /** Nothing is known yet, and no claim was read. */
    @SuppressWarnings("MustBeClosedChecker") // closed with the standings
    static Standings create(Path directory) throws IOException {
        return new Standings(RequestIndex.create(directory), ClaimFile.open(directory.resolve(CLAIMS)));
    }

    /** The same of a directory that is another process's: nothing is written there, and nothing can be claimed. */
    @SuppressWarnings("MustBeClosedChecker") // closed with the standings
    static Standings reading(Path directory) throws IOException {
        Path elsewhere = Path.of(System.getProperty("java.io.tmpdir"));
        return new Standings(RequestIndex.create(elsewhere), ClaimFile.reading(directory.resolve(CLAIMS)));
    }

    synchronized int state(long key) {
        int state = (int) (index.get(key) & STATE);
        return state == RequestIndex.FORGOTTEN || state == CLAIMED ? UNKNOWN : state;
    }

    synchronized void parked(long key, Cost ceiling) throws IOException {
        set(key, PARKED, detail(ceiling));
    }

    synchronized void bought(long key, Cost cost) throws IOException {
        set(key, BOUGHT, detail(cost));
    }

    /** @param error where it lies, by which {@link #error} finds it */
    synchronized void failed(long key, long error) throws IOException {
        set(key, FAILED, error);
    }

    synchronized void online(long key) throws IOException {
        set(key, ONLINE, 0);
    }

    /** Keeps what it may cost. */
    synchronized void again(long key) throws IOException {
        set(key, AGAIN, state(key) == PARKED ? detail(index.get(key)) : 0);
    }

    /** @param batches it has been in */
    synchronized void wasted(long key, int batches) throws IOException {
        set(key, WASTED, batches);
    }

    /** In how many batches a request has been that is in none. */
    synchronized int batches(long key) {
        long value = index.get(key);
        return (value & STATE) == WASTED ? (int) detail(value) : 0;
    }

    synchronized void forget(long key) throws IOException {
        if (state(key) != UNKNOWN) {
            set(key, RequestIndex.FORGOTTEN, 0);
        }
    }

    /** The cache was asked for an answer that was bought, and has it not: once may be a race. */
    synchronized void missed(long key) throws IOException {
        missed++;
        set(key, MISSED, detail(index.get(key)));
    }

    /** How often {@link #missed} was told. */
    synchronized long missed() {
        return missed;
    }

    /** Where the error of a failed request lies. */
    synchronized long error(long key) {
        return detail(index.get(key));
    }

    /** Makes room for the claims of all that is bought, and that many answers more. */
    synchronized void expect(long answers) throws IOException {
        claims.room(unclaimed + answers);
    }

    /**
     * Whose the account of an answer is. Durable when it returns: new it is once.
     *
     * @param by whoever asks, 0 for nobody
     */
    synchronized BatchQueue.Claim claim(long key, long by) {
        long value = index.get(key);
        if (isBought(value)) {
            claims.append(key, by);
            claimed(key, by);
            return BatchQueue.Claim.NEW;
        }
        boolean isOwn = (value & STATE) == CLAIMED && by != 0 && detail(value) == (by & DETAIL);
        return isOwn ? BatchQueue.Claim.OWN : BatchQueue.Claim.NONE;
    }

    /** Claims so far. */
    synchronized long claims() {
        return claims.count();
    }

    /** Takes claims of earlier processes over, up to the {@code end}th. */
    synchronized void replayClaims(long end) throws IOException {
        claims.read(end, (key, by) -> {
            if (isBought(index.get(key))) {
                claimed(key, by);
            }
        });
    }

    /** A new beginning: what failed may be parked anew, and what was claimed belongs to what was before. */
    synchronized void retryFailed() {
        index.replaceAll(
                value -> (value & STATE) == FAILED || (value & STATE) == CLAIMED ? RequestIndex.FORGOTTEN : value);
    }

    /** Ceilings of what is parked, and costs of what is bought and not claimed. */
    synchronized Cost outstanding() {
        return money == 0 && unknownPrices == 0
                ? Cost.ZERO
                : new Cost(BigDecimal.valueOf(money, SCALE).stripTrailingZeros(), unknownPrices);
    }

    /** So much was paid for nothing that is kept. */
    synchronized void wasted(Cost cost) {
        wasted = wasted.plus(cost);
    }

    /** The sum of it so far. */
    synchronized Cost wasted() {
        return wasted;
    }

    /** Answers that were bought and not claimed. */
    synchronized long unclaimed() {
        return unclaimed;
    }

    /** Bytes of memory off the heap. */
    synchronized long bytes() {
        return index.bytes();
    }

    @Override
    public synchronized void close() throws IOException {
        try (RequestIndex first = index) {
            claims.close();
        }
    }

    private void claimed(long key, long by) {
        try {
            set(key, CLAIMED, by & DETAIL);
        } catch (IOException e) {
            throw new IllegalStateException("a key that is known needs no room", e);
        }
    }

    private void set(long key, int state, long detail) throws IOException {
        long before = index.get(key);
        count(before, -1);
        if (isBought(before) && state != MISSED && state != CLAIMED) {
            wasted(new Cost(
                    BigDecimal.valueOf(detail(before) >>> 1, SCALE), detail(before) & 1)); // the cache has lost it
        }
        long value = (detail << RequestIndex.STATE_BITS) | state;
        index.put(key, value);
        count(value, 1);
    }

    private void count(long value, int sign) {
        int state = (int) (value & STATE);
        boolean isBought = isBought(value);
        if (isBought || state == PARKED || state == AGAIN) {
            money += sign * (detail(value) >>> 1);
            unknownPrices += sign * (detail(value) & 1);
            unclaimed += isBought ? sign : 0;
        }
    }

    private static boolean isBought(long value) {
        int state = (int) (value & STATE);
        return state == BOUGHT || state == MISSED;
    }

    private static long detail(long value) {
        return value >>> RequestIndex.STATE_BITS;
    }

    private static long detail(Cost cost) {
        BigDecimal units = cost.usd().movePointRight(SCALE).setScale(0, RoundingMode.CEILING);
        long most = units.min(BigDecimal.valueOf(MOST_MONEY)).longValueExact();
        return (most << 1) | (cost.isKnown() ? 0 : 1);
    }
}
