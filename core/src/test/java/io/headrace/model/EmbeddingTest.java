package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.cache.EmbeddingKeys;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.KeyFunction;
import io.headrace.layer.CallStack;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class EmbeddingTest {

    private static final KeyFunction<EmbeddingRequest> KEYS = EmbeddingKeys.of("p");
    private static final EmbeddingRequest REQUEST = EmbeddingRequest.of("text-embedding-3-small", "a", "b");
    private static final EmbeddingResponse ANSWER = new EmbeddingResponse(
            "text-embedding-3-small",
            List.of(new float[] {1.5f, -0f, Float.MIN_VALUE}, new float[] {}, new float[] {Float.NaN}),
            new Usage(1, 2, 3, 4, 5, 6, 7),
            "req_\u00e4");

    private final EmbeddingCodec codec = EmbeddingCodec.instance();

    @Test
    void answer_comesBackWhole() {
        assertThat(codec.decode(codec.encode(ANSWER))).isEqualTo(ANSWER).hasSameHashCodeAs(ANSWER);
    }

    @Test
    void everyCutAndImpossibleLength_isAnError() {
        byte[] bytes = codec.encode(ANSWER);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatIllegalArgumentException().isThrownBy(() -> codec.decode(cut));
        }
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        assertThatIllegalArgumentException().isThrownBy(() -> codec.decode(longer));
        byte[] huge = bytes.clone();
        huge[1] = 0x7f;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.decode(huge))
                .withMessageContaining("impossible");
        byte[] other = bytes.clone();
        other[0] = 9;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.decode(other))
                .withMessageContaining("version");
    }

    @Test
    void everyComponent_isPartOfTheKey() {
        assertThat(Arrays.stream(EmbeddingRequest.class.getRecordComponents()).map(RecordComponent::getName))
                .containsExactly("model", "inputs", "dimensions", "extra");
        assertThat(List.of(
                        KEYS.key(REQUEST).fingerprint(),
                        KEYS.key(EmbeddingRequest.of("other", "a", "b")).fingerprint(),
                        KEYS.key(EmbeddingRequest.of("text-embedding-3-small", "b", "a"))
                                .fingerprint(),
                        KEYS.key(EmbeddingRequest.of("text-embedding-3-small", "ab"))
                                .fingerprint(),
                        KEYS.key(REQUEST.withDimensions(256)).fingerprint(),
                        KEYS.key(REQUEST.withExtra("user", "u")).fingerprint(),
                        EmbeddingKeys.of("q").key(REQUEST).fingerprint()))
                .doesNotHaveDuplicates();
        assertThat(KEYS.key(REQUEST).fingerprint())
                .hasToString("786490ccdd433fa35b37709ac1bf96ff38844d19f0a59700fd321f5bad855b13");
    }

    @Test
    void prices_areThoseOfTheInput() {
        EmbeddingMeter meter = EmbeddingMeter.of(PriceTable.shipped());
        EmbeddingResponse answer =
                new EmbeddingResponse("text-embedding-3-small", List.of(new float[1]), Usage.of(1_000_000, 0), "");
        assertThat(meter.cost(answer).usd()).isEqualByComparingTo("0.02");
        assertThat(meter.ceiling(REQUEST).isKnown()).isTrue();
        assertThat(meter.ceiling(REQUEST.withExtra("x", 1))).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.ceiling(EmbeddingRequest.of("mine", "a"))).isEqualTo(Cost.UNKNOWN);
    }

    @Test
    void stack_cachesACallWithAllItsInputs() {
        AtomicInteger asked = new AtomicInteger();
        EmbeddingCall model = new EmbeddingCall() {
            @Override
            public String identity() {
                return "p";
            }

            @Override
            public Mono<EmbeddingResponse> apply(EmbeddingRequest request) {
                return Mono.fromSupplier(() -> {
                    asked.incrementAndGet();
                    return ANSWER;
                });
            }
        };
        Call<EmbeddingRequest, EmbeddingResponse> call =
                CallStack.embeddings(model).cache(InMemoryCache.create()).build();
        for (int i = 0; i < 2; i++) {
            StepVerifier.create(call.apply(REQUEST))
                    .expectNext(ANSWER)
                    .expectComplete()
                    .verify(Duration.ofSeconds(20));
        }
        assertThat(asked).hasValue(1);
    }

    @Test
    void badRequests_areRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmbeddingRequest.of("m"))
                .withMessageContaining("input");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmbeddingRequest.of("m", "a", ""))
                .withMessageContaining("input 1");
        assertThatIllegalArgumentException().isThrownBy(() -> EmbeddingRequest.of(" ", "a"));
        assertThatIllegalArgumentException().isThrownBy(() -> REQUEST.withDimensions(0));
        assertThat(new EmbeddingRequest("m", List.of("secret"), null, Map.of()).toString())
                .doesNotContain("secret");
    }
}
