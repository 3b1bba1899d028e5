package io.headrace.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.StoredEntry.Answer;
import io.headrace.cache.StoredEntry.Damaged;
import io.headrace.cache.WhyMiss.Difference;
import io.headrace.cache.WhyMiss.Kind;
import io.headrace.model.ChatCodec;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class CacheToolsTest {

    private static final Instant T0 = Instant.parse("2026-11-22T10:00:00Z");
    private static final KeyFunction<ChatRequest> KEYS = ChatKeys.of("https://api.example.com/v1");
    private static final ChatRequest ASK = ChatRequest.builder("gpt-4o-mini")
            .system("Be brief.")
            .user("Why?")
            .temperature(0.5)
            .build();

    private final InMemoryCache cache = InMemoryCache.create();
    private final CacheTools tools = CacheTools.of(cache);

    @Test
    void summary_addsUpByModelAndNamespace() {
        put(1, "m1", "run/1", 0);
        put(2, "m1", "run/2", 10);
        put(3, "m2", "", 5);
        cache.countHit(entry("m1", "", 0, "x"));
        CacheSummary summary = result(tools.summary());
        assertThat(summary.statistics().entries()).isEqualTo(3);
        assertThat(summary.statistics().hits().count()).isEqualTo(1);
        assertThat(summary.answers().count()).isEqualTo(3);
        assertThat(summary.answers().usage()).isEqualTo(Usage.of(30, 60));
        assertThat(summary.answers().cost().usd()).isEqualByComparingTo("0.75");
        assertThat(summary.oldest()).isEqualTo(T0);
        assertThat(summary.newest()).isEqualTo(T0.plusSeconds(10));
        assertThat(summary.models().get("m1").count()).isEqualTo(2);
        assertThat(summary.models().get("m2").count()).isEqualTo(1);
        assertThat(summary.namespaces().get("run").count()).isEqualTo(2);
        assertThat(summary.namespaces().get("").count()).isEqualTo(1);
        assertThat(summary.damaged()).isZero();
    }

    @Test
    void emptyCache_hasASummary() {
        CacheSummary summary = result(tools.summary());
        assertThat(summary.answers()).isEqualTo(AnswerTotal.NONE);
        assertThat(summary.oldest()).isNull();
        assertThat(result(tools.verify()).isSound()).isTrue();
        assertThat(result(tools.pruneTo(0))).isEqualTo(AnswerTotal.NONE);
        assertThat(lines()).containsExactly("{\"answers\":0}");
    }

    @Test
    void find_takesPrefixes() {
        Fingerprint one = new Fingerprint(0xabcd000000000000L, 0, 0, 0);
        Fingerprint two = new Fingerprint(0xabce000000000000L, 0, 0, 0);
        await(cache.put(one, 0, entry("m", "", 0, "x")));
        await(cache.put(one, 1, entry("m", "", 0, "x")));
        await(cache.put(two, 0, entry("m", "", 0, "x")));
        assertThat(result(tools.find("ABC").count())).isEqualTo(3);
        assertThat(result(tools.find("abcd").count())).isEqualTo(2);
        assertThat(result(tools.find(two.toString()).count())).isEqualTo(1);
        assertThat(result(tools.find("b").count())).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> tools.find(""));
        assertThatIllegalArgumentException().isThrownBy(() -> tools.find("xyz"));
    }

    @Test
    void whyMiss_namesTheFieldsOfTheNearestRequest() {
        store(ASK, 0);
        store(ASK.toBuilder().model("other").temperature(1).build(), 1);
        CallKey asked = KEYS.key(ASK.toBuilder().temperature(0.7).seed(1).build());
        WhyMiss why = result(tools.whyMiss(asked));
        assertThat(why.samples()).isEmpty();
        assertThat(Objects.requireNonNull(why.nearest()).fingerprint())
                .isEqualTo(KEYS.key(ASK).fingerprint());
        assertThat(why.differences())
                .containsExactly(new Difference("seed", Kind.ADDED), new Difference("temperature", Kind.CHANGED));
        CallKey bare = KEYS.key(ChatRequest.builder("gpt-4o-mini")
                .system("Be brief.")
                .user("Why?")
                .build());
        assertThat(result(tools.whyMiss(bare)).differences())
                .containsExactly(new Difference("temperature", Kind.MISSING));
    }

    @Test
    void whyMiss_takesTheLatestOfEquallyNearOnes_andKnowsItsOwnSamples() {
        store(ASK, 0);
        store(ASK.toBuilder().temperature(0.6).build(), 2);
        store(ASK.toBuilder().temperature(0.7).build(), 1);
        WhyMiss why = result(tools.whyMiss(KEYS.key(ASK)));
        assertThat(why.samples()).containsExactly(0);
        assertThat(Objects.requireNonNull(why.nearest()).entry().storedAt()).isEqualTo(T0.plusSeconds(2));
        assertThat(result(tools.whyMiss(KEYS.key(ASK.toBuilder().seed(9).build())))
                        .differences())
                .containsExactly(new Difference("seed", Kind.ADDED));
    }

    @Test
    void whyMissOfAStoredAnswer_looksAtThoseStoredBefore() {
        store(ASK, 5);
        ChatRequest later = ASK.toBuilder().user("And then?").build();
        store(later, 6);
        assertThat(result(tools.whyMiss(KEYS.key(later).fingerprint())).differences())
                .containsExactly(new Difference("messages", Kind.CHANGED));
        assertThat(result(tools.whyMiss(KEYS.key(ASK).fingerprint())).nearest()).isNull();
        StepVerifier.create(tools.whyMiss(Fingerprint.NONE)).verifyComplete();
    }

    @Test
    void exportAndImport_loseNothing() {
        Random random = new Random(5);
        for (int i = 0; i < 500; i++) {
            await(cache.put(key(i), i % 3, random(random)));
        }
        InMemoryCache copy = InMemoryCache.create();
        List<String> lines = lines();
        assertThat(lines).hasSize(501).noneMatch(line -> line.contains("\n")).endsWith("{\"answers\":500}");
        assertThat(result(CacheTools.of(copy).importLines(Flux.fromIterable(lines))))
                .isEqualTo(new CacheImport(500, 0, true));
        for (int i = 0; i < 500; i++) {
            CacheEntry original = result(cache.get(key(i), i % 3));
            CacheEntry read = result(copy.get(key(i), i % 3));
            assertThat(CacheEntryCodec.encode(key(i), i % 3, read))
                    .isEqualTo(CacheEntryCodec.encode(key(i), i % 3, original));
            assertThat(CacheEntryCodec.bytes(read)).isEqualTo(CacheEntryCodec.encode(key(i), 0, read).length);
        }
        assertThat(result(CacheTools.of(copy).importLines(Flux.fromIterable(lines))))
                .as("a second time")
                .isEqualTo(new CacheImport(0, 500, true));
    }

    @Test
    void import_takesAByteOrderMarkAtTheStartOnly() {
        await(cache.put(key(1), 0, entry("m", "", 0, "exported")));
        String line = lines().get(0);
        assertThat(result(CacheTools.of(InMemoryCache.create()).importLines(Flux.just("\uFEFF" + line))))
                .isEqualTo(new CacheImport(1, 0, false));
        assertThatThrownBy(() ->
                        result(CacheTools.of(InMemoryCache.create()).importLines(Flux.just(line, "\uFEFF" + line))))
                .hasMessageContaining("line 2 is no exported answer");
    }

    @Test
    void lineThatIsNoAnswer_failsWhenThoseBeforeItAreStored() {
        put(1, "m", "", 0);
        Sinks.Empty<Void> stored = Sinks.empty();
        Listing slow = new Listing(List.of(), new AtomicLong(), stored.asMono());
        StepVerifier.create(CacheTools.of(slow).importLines(Flux.just(lines().get(0), "torn")))
                .then(() -> assertThat(stored.currentSubscriberCount()).isEqualTo(1))
                .then(stored::tryEmitEmpty)
                .expectErrorSatisfies(e -> assertThat(e).hasMessageStartingWith("line 2 is no exported answer"))
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void exportCutAtTheEndOfALine_isNotTakenForAWholeOne() {
        for (int i = 0; i < 3; i++) {
            put(i, "m", "", 0);
        }
        List<String> lines = lines();
        for (int kept = 0; kept < 4; kept++) {
            assertThat(imported(lines.subList(0, kept)))
                    .as("without its end it may be of a version that wrote none")
                    .isEqualTo(new CacheImport(kept, 0, false));
        }
        assertThat(imported(List.of(lines.get(3), lines.get(2), "", lines.get(0), lines.get(1))))
                .as("sorted")
                .isEqualTo(new CacheImport(3, 0, true));
        List<String> twice = new ArrayList<>(lines);
        twice.addAll(lines);
        assertThat(imported(twice)).as("two exports").isEqualTo(new CacheImport(3, 3, true));
    }

    @Test
    void answersThatAreTooFewOrTooMany_areRefused_andStored() {
        for (int i = 0; i < 3; i++) {
            put(i, "m", "", 0);
        }
        List<String> lines = lines();
        for (List<String> wrong : List.of(
                List.of(lines.get(1), lines.get(2), lines.get(3)),
                List.of(lines.get(0), lines.get(1), lines.get(2), "{\"answers\":2}"),
                List.of(lines.get(0), lines.get(1), lines.get(0), lines.get(1), lines.get(2), lines.get(3)))) {
            InMemoryCache copy = InMemoryCache.create();
            StepVerifier.create(CacheTools.of(copy).importLines(Flux.fromIterable(wrong)))
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("answers and not "))
                    .verify(Duration.ofSeconds(20));
            assertThat(result(CacheTools.of(copy).count(CacheFilter.all())).count())
                    .isGreaterThan(1);
        }
    }

    @Test
    void exportAndImport_beginAnewWithEachSubscription() {
        put(1, "m", "", 0);
        Flux<String> export = tools.exportLines(damaged -> {});
        Mono<CacheImport> again = CacheTools.of(InMemoryCache.create()).importLines(export);
        assertThat(result(again)).isEqualTo(new CacheImport(1, 0, true));
        assertThat(result(again)).isEqualTo(new CacheImport(0, 1, true));
    }

    @Test
    void import_keepsWhatIsThere() {
        await(cache.put(key(1), 0, entry("m", "", 0, "exported")));
        List<String> lines = lines();
        await(cache.put(key(1), 0, entry("m", "", 1, "newer")));
        assertThat(result(tools.importLines(Flux.fromIterable(lines)))).isEqualTo(new CacheImport(0, 1, true));
        assertThat(new String(result(cache.get(key(1), 0)).answer(), UTF_8)).isEqualTo("newer");
    }

    @Test
    void changedLine_isRefusedWithItsNumber_andThoseBeforeItAreStored() {
        for (int i = 0; i < 3; i++) {
            await(cache.put(key(i), 0, entry("m", "", 0, "answer")));
        }
        List<String> lines = lines();
        for (String bad : List.of(
                lines.get(2).replace("answer\":\"answer", "answer\":\"anwser"),
                lines.get(2).replace("\"sample\":0", "\"sample\":1"),
                lines.get(2).replaceFirst("\"fingerprint\":\"..", "\"fingerprint\":\"ff"),
                lines.get(2).substring(0, 100),
                lines.get(2) + "x",
                lines.get(2).replaceFirst("\"storedAt\":\"", "\"storedAt\":\"+50000"),
                "[]",
                "[".repeat(2_000),
                "{\"fields\":" + "[".repeat(2_000),
                "{}",
                "{\"sample\":\"x\"}",
                "{\"fingerprint\":\"12\"}",
                "{\"storedAt\":\"yesterday\"}",
                "{\"usage\":7}",
                "{\"answerBase64\":\"%%\"}",
                "{\"answers\":-1}",
                "{\"answers\":\"3\"}",
                "{\"answers\":99999999999999999999}",
                "{\"secret prompt\":1}")) {
            InMemoryCache copy = InMemoryCache.create();
            StepVerifier.create(CacheTools.of(copy)
                            .importLines(Flux.just(lines.get(0), "", lines.get(1), bad, lines.get(2))))
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageStartingWith("line 4 is no exported answer: ")
                            .hasMessageNotContaining("secret"))
                    .verify(Duration.ofSeconds(20));
            assertThat(result(CacheTools.of(copy).count(CacheFilter.all())).count())
                    .isEqualTo(2);
        }
    }

    @Test
    void clearByNamespace_takesItAndThoseBelowIt() {
        put(1, "m", "run", 0);
        put(2, "m", "run/1", 0);
        put(3, "m", "run/1/2", 0);
        put(4, "m", "runner/1", 0);
        put(5, "m", "", 0);
        CacheFilter run = CacheFilter.all().namespace("run");
        assertThat(result(tools.count(run)).count()).isEqualTo(3);
        assertThat(result(tools.count(CacheFilter.all().namespace("run/1"))).count())
                .isEqualTo(2);
        assertThat(result(tools.count(CacheFilter.all().namespace("run/"))).count())
                .isEqualTo(3);
        assertThat(result(tools.count(CacheFilter.all())).count())
                .as("nothing was removed")
                .isEqualTo(5);
        assertThat(result(tools.remove(run)).count()).isEqualTo(3);
        assertThat(result(cache.get(key(4), 0))).isNotNull();
        assertThat(result(tools.remove(run)).count()).isZero();
        assertThat(result(tools.remove(CacheFilter.all())).count()).isEqualTo(2);
        assertThat(result(cache.statistics()).entries()).isZero();
    }

    @Test
    void clearByModel_knowsTheNameAskedForAndTheOneThatAnswered() {
        store(ASK, 0);
        put(2, "another", "", 0);
        assertThat(result(tools.count(CacheFilter.all().model("gpt-4o-mini"))).count())
                .isEqualTo(1);
        assertThat(result(tools.count(CacheFilter.all().model("gpt-4o-mini-2024-07-18")))
                        .count())
                .isEqualTo(1);
        assertThat(result(tools.count(CacheFilter.all().model("gpt-4o"))).count())
                .isZero();
        assertThat(result(tools.remove(CacheFilter.all().model("gpt-4o-mini"))).count())
                .isEqualTo(1);
        assertThat(result(cache.get(key(2), 0))).isNotNull();
    }

    @Test
    void filters_apply_together() {
        put(1, "m", "a", 0);
        put(2, "m", "a", 10);
        put(3, "n", "a", 0);
        CacheFilter filter = CacheFilter.all().namespace("a").model("m").storedBefore(T0.plusSeconds(10));
        assertThat(result(tools.count(filter)).count()).isEqualTo(1);
        assertThat(filter).hasToString("answers of namespace a, of model m, stored before 2026-11-22T10:00:10Z");
        assertThatIllegalArgumentException().isThrownBy(() -> CacheFilter.all().model(" "));
        assertThatIllegalArgumentException().isThrownBy(() -> CacheFilter.all().namespace(""));
        assertThatIllegalArgumentException().isThrownBy(() -> CacheFilter.all().namespace("/"));
    }

    @Test
    void prune_removesTheOldestUntilTheRestFits() {
        Random random = new Random(8);
        for (int i = 0; i < 2_000; i++) {
            // over years, with many that are equally old
            long seconds = random.nextInt(4) == 0 ? 77 : random.nextInt(100_000_000);
            CacheEntry entry = entry("m", "", seconds, "x".repeat(random.nextInt(500)));
            await(cache.put(key(i), 0, entry));
        }
        long bytes = result(tools.count(CacheFilter.all())).bytes();
        for (long max : new long[] {bytes, bytes - 1, bytes * 9 / 10, bytes / 2, bytes / 100, 1, 0}) {
            AnswerTotal beyond = result(tools.countBeyond(max));
            AnswerTotal removed = result(tools.pruneTo(max));
            assertThat(removed.count()).isEqualTo(beyond.count());
            AnswerTotal rest = result(tools.count(CacheFilter.all()));
            assertThat(rest.bytes()).isLessThanOrEqualTo(max);
            assertThat(rest.bytes()).as("no more than needed").isGreaterThan(Math.min(max, bytes) - 1_000);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> tools.pruneTo(-1));
    }

    @Test
    void prune_leavesNoneThatIsOlderThanOneItRemoved() {
        Random random = new Random(9);
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            long millis = random.nextLong(40_000_000_000L);
            times.add(millis);
            CacheEntry entry = new CacheEntry(
                    new byte[100], false, Usage.ZERO, Cost.ZERO, "", "", T0.plusMillis(millis), List.of());
            await(cache.put(key(i), 0, entry));
        }
        long one = result(tools.count(CacheFilter.all())).bytes() / 1_000;
        assertThat(result(tools.pruneTo(700 * one)).count()).isEqualTo(300);
        times.sort(null);
        assertThat(result(tools.summary()).oldest()).isEqualTo(T0.plusMillis(times.get(300)));
    }

    @Test
    void verify_decodesKnownOperations_andTellsWhatIsBad() {
        store(ASK, 0);
        put(2, "m", "", 0);
        CacheEntry chat = result(cache.get(KEYS.key(ASK).fingerprint(), 0));
        await(cache.put(
                key(9),
                4,
                new CacheEntry(
                        "secret, and no JSON".getBytes(UTF_8),
                        false,
                        Usage.ZERO,
                        Cost.ZERO,
                        "m",
                        "",
                        T0,
                        chat.fields())));
        CacheCheck check = result(tools.verify());
        assertThat(check.sound()).isEqualTo(1);
        assertThat(check.unread()).isEqualTo(1);
        assertThat(check.bad()).isEqualTo(1);
        assertThat(check.isSound()).isFalse();
        assertThat(check.problems())
                .singleElement()
                .asString()
                .contains("answer 4 of " + key(9), "cannot be decoded")
                .doesNotContain("secret");
    }

    @Test
    void damagedRecords_areCountedAndTold() {
        CacheTools damaged = CacheTools.of(new Listing(List.of(
                new Damaged(key(1), 2, "the checksum is wrong"),
                new Answer(key(2), 0, entry("m", "", 0, "x")),
                new Damaged(null, 0, "a part cannot be read"))));
        assertThat(result(damaged.summary()).damaged()).isEqualTo(2);
        assertThat(result(damaged.verify()).problems())
                .containsExactly("answer 2 of " + key(1) + ": the checksum is wrong", "a part cannot be read");
        List<Damaged> told = new ArrayList<>();
        assertThat(result(damaged.exportLines(told::add).collectList()))
                .hasSize(2)
                .endsWith("{\"answers\":1}");
        assertThat(told).hasSize(2);
    }

    @Test
    void goldenKeys_areMade() {
        assertThat(GoldenKeys.problems()).isEmpty();
    }

    @Test
    void export_isReadAsItIsDemanded() {
        for (int i = 0; i < 100; i++) {
            put(i, "m", "", 0);
        }
        AtomicLong demanded = new AtomicLong();
        Listing listing = new Listing(result(cache.entries().collectList()), demanded, Mono.empty());
        StepVerifier.create(CacheTools.of(listing).exportLines(damaged -> {}), 3)
                .expectNextCount(3)
                .thenCancel()
                .verify(Duration.ofSeconds(20));
        assertThat(demanded.get()).isEqualTo(3);
    }

    private static CacheImport imported(List<String> lines) {
        return result(CacheTools.of(InMemoryCache.create()).importLines(Flux.fromIterable(lines)));
    }

    private List<String> lines() {
        return result(tools.exportLines(damaged -> {}).collectList());
    }

    private void store(ChatRequest request, long seconds) {
        CallKey key = KEYS.key(request);
        byte[] answer = ChatCodec.instance()
                .encode(new ChatResponse(
                        "id", "gpt-4o-mini-2024-07-18", "so", FinishReason.STOP, null, Usage.of(1, 2)));
        await(cache.put(
                key.fingerprint(),
                0,
                new CacheEntry(
                        answer,
                        false,
                        Usage.of(1, 2),
                        Cost.ZERO,
                        "gpt-4o-mini-2024-07-18",
                        "",
                        T0.plusSeconds(seconds),
                        key.fields())));
    }

    private void put(int key, String model, String namespace, long seconds) {
        await(cache.put(key(key), 0, entry(model, namespace, seconds, "answer " + key)));
    }

    private static CacheEntry entry(String model, String namespace, long seconds, String answer) {
        return new CacheEntry(
                answer.getBytes(UTF_8),
                false,
                Usage.of(10, 20),
                Cost.of(new BigDecimal("0.25")),
                model,
                namespace,
                T0.plusSeconds(seconds),
                List.of());
    }

    private static CacheEntry random(Random random) {
        byte[] answer = new byte[random.nextInt(200)];
        random.nextBytes(answer);
        if (random.nextBoolean()) {
            answer = ("\u00e4\u20ac\ud83d\ude00\u0000\u2028\"\\" + random.nextInt()).getBytes(UTF_8);
        }
        return new CacheEntry(
                answer,
                random.nextBoolean(),
                new Usage(random.nextInt(99), 1, random.nextInt(2), 0, Long.MAX_VALUE, 3, random.nextInt(2)),
                new Cost(new BigDecimal(new BigInteger(80, random), random.nextInt(20) - 5), random.nextInt(2)),
                random.nextBoolean() ? "" : "model \u00e4",
                random.nextBoolean() ? "" : "run/\"1\"",
                Instant.ofEpochMilli(random.nextLong(4_000_000_000_000L)),
                random.nextBoolean()
                        ? List.of()
                        : List.of(new CallKey.FieldDigest("a\n", random.nextLong()), new CallKey.FieldDigest("b", -1)));
    }

    private static Fingerprint key(int i) {
        long mixed = i * 0x9E3779B97F4A7C15L;
        return new Fingerprint(mixed, ~mixed, i, 0);
    }

    private static void await(Mono<Void> action) {
        StepVerifier.create(action).expectComplete().verify(Duration.ofSeconds(20));
    }

    private static <T> T result(Mono<T> action) {
        return Objects.requireNonNull(action.block(Duration.ofSeconds(20)));
    }

    /** A store that lists what it is told to, and stores when it is told to. */
    private record Listing(List<StoredEntry> all, AtomicLong demanded, Mono<Void> stored) implements ResponseCache {

        Listing(List<StoredEntry> all) {
            this(all, new AtomicLong(), Mono.empty());
        }

        @Override
        public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
            return stored;
        }

        @Override
        public Flux<StoredEntry> entries() {
            return Flux.fromIterable(all).doOnRequest(demanded::addAndGet);
        }

        @Override
        public Mono<CacheStatistics> statistics() {
            return Mono.just(new CacheStatistics(all.size(), 0, CacheHits.NONE));
        }

        @Override
        public Mono<Void> clear() {
            return Mono.empty();
        }

        @Override
        public void close() {}
    }
}
