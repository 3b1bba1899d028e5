package io.headrace.benchmarks;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.StoredEntry;
import io.headrace.cache.rocksdb.RocksDbCache;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Kills a process that stores answers with SIGKILL, at a random moment of its first second or after a random number of answers,
 * opens the cache and reads it: every answer that the process said was stored must be there, and each must be the right one.
 *
 * <p>Arguments: a directory that does not exist yet, the number of kills, and for repeating a series its random seed.
 */
public final class CacheKills {

    private static final int CONCURRENCY = 64;

    /** Past a few turns of the log. */
    private static final int MOST_ANSWERS = 60_000;

    /** Numbers left free between two processes, for answers that were stored and not told. */
    private static final int GAP = 10_000;

    private final Path folder;
    private final Random random;
    private final BitSet told = new BitSet();
    private int wrong;

    private CacheKills(Path folder, long seed) {
        this.folder = folder;
        this.random = new Random(seed);
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args[0].equals("write")) {
            write(Path.of(args[1]), Integer.parseInt(args[2]));
            return;
        }
        int kills = Integer.parseInt(args[1]);
        long seed = args.length > 2 ? Long.parseLong(args[2]) : new Random().nextInt(1_000_000);
        System.out.printf("%d kills, seed %d%n", kills, seed);
        boolean good = new CacheKills(Path.of(args[0]), seed).run(kills);
        System.out.println(good ? "every check holds" : "WRONG");
        System.exit(good ? 0 : 1);
    }

    private static void write(Path folder, int first) {
        RocksDbCache cache = RocksDbCache.open(folder);
        Flux.range(first, Integer.MAX_VALUE - first)
                .flatMap(
                        i -> Mono.defer(() -> cache.putAtOnce(key(i), i % 3, entry(i))
                                        ? Mono.empty()
                                        : cache.put(key(i), i % 3, entry(i)))
                                .thenReturn(i),
                        CONCURRENCY,
                        1)
                .doOnNext(i -> System.out.println(i + "."))
                .blockLast();
    }

    private boolean run(int kills) throws IOException, InterruptedException {
        int first = 0;
        for (int kill = 1; kill <= kills; kill++) {
            int last = writeUntilKilled(first, kill % 3 == 0);
            check(first, last);
            System.out.printf("kill %d: %d told in all, %d wrong or lost%n", kill, told.cardinality(), wrong);
            first = Math.max(first, last) + GAP;
        }
        readAll();
        return wrong == 0 && !told.isEmpty();
    }

    /** The last number that the process told. */
    private int writeUntilKilled(int first, boolean early) throws IOException, InterruptedException {
        Process writer = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CacheKills.class.getName(),
                        "write",
                        folder.toString(),
                        String.valueOf(first))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (early) {
            writer.waitFor(200L + random.nextInt(1_000), TimeUnit.MILLISECONDS);
            writer.toHandle().destroyForcibly();
        }
        int target = first + 1 + random.nextInt(MOST_ANSWERS);
        int last = first;
        try (BufferedReader output = writer.inputReader()) {
            for (String line = output.readLine(); line != null && line.matches("\\d+\\."); line = output.readLine()) {
                int number = Integer.parseInt(line.substring(0, line.length() - 1));
                told.set(number);
                last = Math.max(last, number);
                if (number >= target) {
                    writer.toHandle().destroyForcibly(); // what it has told already is still read
                }
            }
        }
        writer.waitFor();
        return last;
    }

    /** Answers of the last process one by one, and some of those before. */
    private void check(int first, int last) {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            Flux<Integer> older = Flux.range(0, 1_000).map(n -> told.nextSetBit(random.nextInt(last + 1)));
            wrong += Objects.requireNonNull(Flux.concat(Flux.range(first, last - first + 1), older)
                            .filter(i -> i >= 0 && told.get(i))
                            .flatMap(
                                    i -> cache.get(key(i), i % 3)
                                            .filter(read -> isRight(i, read))
                                            .hasElement()
                                            .filter(right -> !right),
                                    CONCURRENCY,
                                    1)
                            .count()
                            .block())
                    .intValue();
        }
    }

    /** Everything that is stored, told or not, is right; and all that was told is there. */
    private void readAll() {
        BitSet found = new BitSet();
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            for (StoredEntry stored : cache.entries().toIterable()) {
                int number = stored instanceof StoredEntry.Answer answer ? number(answer) : -1;
                if (number < 0) {
                    wrong++;
                } else {
                    found.set(number);
                }
            }
        }
        BitSet lost = (BitSet) told.clone();
        lost.andNot(found);
        wrong += lost.cardinality();
        System.out.printf(
                "read all: %d stored, %d of them not told, %d told and lost%n",
                found.cardinality(), found.cardinality() - told.cardinality() + lost.cardinality(), lost.cardinality());
    }

    private static int number(StoredEntry.Answer answer) {
        int number = (int) answer.entry().usage().inputTokens();
        boolean right = answer.fingerprint().equals(key(number))
                && answer.sample() == number % 3
                && isRight(number, answer.entry());
        return right ? number : -1;
    }

    private static boolean isRight(int number, CacheEntry read) {
        return read.usage().inputTokens() == number
                && new String(read.answer(), StandardCharsets.UTF_8).equals(text(number));
    }

    private static Fingerprint key(int number) {
        SplittableRandom random = new SplittableRandom(number);
        return new Fingerprint(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }

    private static CacheEntry entry(int number) {
        return new CacheEntry(
                text(number).getBytes(StandardCharsets.UTF_8),
                false,
                Usage.of(number, 1),
                Cost.UNKNOWN,
                "model",
                "",
                Instant.EPOCH,
                List.of());
    }

    private static String text(int number) {
        SplittableRandom random = new SplittableRandom(~number);
        return ("answer " + number + " ").repeat(1 + random.nextInt(60));
    }
}
