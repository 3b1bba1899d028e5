package io.headrace.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Usage;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class TokenEstimatorTest {

    private static final String TEXT = "The quick brown fox jumps over the lazy dog.";

    @Test
    void knownEncoding_isCountedOnceLoaded() {
        VirtualTimeScheduler later = VirtualTimeScheduler.create();
        TokenEstimator estimator = TokenEstimator.create(() -> later);
        assertThat(estimator.tokens("gpt-4", TEXT)).isEqualTo(11);
        later.advanceTime(); // the first estimate has asked for the encoding
        assertThat(estimator.tokens("gpt-4", TEXT)).isEqualTo(10);
        assertThat(estimator.tokens("gpt-3.5-turbo-0125", "<|endoftext|>")).isGreaterThan(1);
        assertThat(estimator.tokens("my-model", TEXT)).isEqualTo(11);
        ChatRequest request = ChatRequest.builder("gpt-4").user(TEXT).build();
        assertThat(estimator.promptTokens(request)).isEqualTo(17);
        assertThat(estimator.promptTokens(EmbeddingRequest.of("text-embedding-3-small", TEXT, TEXT)))
                .isEqualTo(20);
        StepVerifier.create(estimator.ready("gpt-4")).expectComplete().verify(Duration.ofSeconds(20));
        StepVerifier.create(estimator.ready("my-model")).expectComplete().verify(Duration.ofSeconds(20));
    }

    @Test
    void encoding_isLoadedOnceAndNotByTheCaller() throws InterruptedException {
        AtomicInteger loads = new AtomicInteger();
        CountDownLatch loaded = new CountDownLatch(1);
        Thread caller = Thread.currentThread();
        Tokenizer tokenizer = new Tokenizer(
                () -> {
                    assertThat(Thread.currentThread()).isNotSameAs(caller);
                    loads.incrementAndGet();
                    loaded.countDown();
                    return text -> 7;
                },
                Schedulers::boundedElastic);
        assertThat(tokenizer.counter()).isNull();
        tokenizer.counter();
        assertThat(loaded.await(20, TimeUnit.SECONDS)).isTrue();
        StepVerifier.create(tokenizer.ready()).expectComplete().verify(Duration.ofSeconds(20));
        assertThat(tokenizer.counter()).isNotNull();
        assertThat(loads).hasValue(1);
    }

    @Test
    void encodingThatCannotBeLoaded_leavesTheGuess() {
        Tokenizer tokenizer = new Tokenizer(
                () -> {
                    throw new NoClassDefFoundError("absent");
                },
                Schedulers::boundedElastic);
        StepVerifier.create(tokenizer.ready()).expectComplete().verify(Duration.ofSeconds(20));
        assertThat(tokenizer.counter()).isNull();
    }

    @Test
    void rateOfAModel_isLearnedFromItsAnswers() {
        TokenEstimator estimator = TokenEstimator.byLength();
        ChatRequest request = ChatRequest.builder("mine").user(TEXT.repeat(100)).build();
        for (int i = 0; i < 5; i++) {
            estimator.learn(request, Usage.of(2_207, 5));
        }
        assertThat(estimator.promptTokens(request)).isBetween(2_100L, 2_300L);
        assertThat(estimator.tokens("other", TEXT.repeat(100))).isEqualTo(1_100);
        for (int i = 0; i < 2_000; i++) {
            estimator.learn(request, Usage.of(1_107, 5));
        }
        assertThat(estimator.promptTokens(request)).as("newer ones count more").isBetween(1_080L, 1_130L);
    }

    @Test
    void whatTeachesNothing_changesNothing() {
        TokenEstimator estimator = TokenEstimator.byLength();
        ChatRequest text = ChatRequest.builder("mine").user(TEXT).build();
        ChatRequest image = ChatRequest.builder("mine")
                .user(new Part.Text(TEXT), new Part.Image(Media.url("u")), new Part.Document(Media.text("t")))
                .build();
        long before = estimator.promptTokens(text);
        estimator.learn(text, Usage.UNKNOWN);
        estimator.learn(image, Usage.of(90_000, 1));
        assertThat(estimator.promptTokens(text)).isEqualTo(before);
        assertThat(estimator.promptTokens(image)).isEqualTo(before + 2_000);
    }

    @Test
    void manyModels_doNotGrowTheEstimator() {
        TokenEstimator estimator = TokenEstimator.byLength();
        for (int i = 0; i < 5_000; i++) {
            assertThat(estimator.tokens("m" + i, TEXT)).isEqualTo(11);
        }
    }

    @Test
    void utf8Length_isThatOfTheBytes() {
        Random random = new Random(5);
        for (int i = 0; i < 2_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int j = random.nextInt(20); j > 0; j--) {
                int point = random.nextInt(0x11_0000);
                text.appendCodePoint(point >= 0xD800 && point < 0xE000 ? 'a' : point >> (4 * random.nextInt(5)));
            }
            String made = text.toString();
            if (made.codePoints().noneMatch(p -> p >= 0xD800 && p < 0xE000)) {
                assertThat(Utf8Length.of(made)).isEqualTo(made.getBytes(UTF_8).length);
            }
        }
        assertThat(Utf8Length.of("\ud800")).isEqualTo(3);
    }

    @Test
    void estimate_countsToolsAndSchemas() {
        TokenEstimator estimator = TokenEstimator.byLength();
        ChatRequest plain = ChatRequest.builder("m").user("x").build();
        ChatRequest rich = plain.toBuilder()
                .tools(Tool.of("f", "what it does", JsonSchema.of("{\"type\":\"object\"}")))
                .answerFormat(AnswerFormat.of("s", JsonSchema.of("{\"type\":\"object\"}")))
                .build();
        assertThat(estimator.promptTokens(rich)).isGreaterThan(estimator.promptTokens(plain) + 8);
    }
}
