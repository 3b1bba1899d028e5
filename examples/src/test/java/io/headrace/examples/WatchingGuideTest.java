package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.cache.CacheTools;
import io.headrace.cache.CallKey;
import io.headrace.cache.ChatKeys;
import io.headrace.cache.WhyMiss;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.ScriptedCall;
import io.headrace.testkit.ScriptedCall.Reply;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** What the guide says of listening, testing and looking after a cache. */
class WatchingGuideTest extends Guide {

    @Test
    void listeners_hearOfCallsAndTheirTags() {
        Queue<String> log = new ConcurrentLinkedQueue<>();
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
        Dataset<String> dataset = Dataset.of(TEXTS).take(1);

        CallListener failures = event -> {
            if (event instanceof CallEvent.AttemptEnded ended && !ended.succeeded()) {
                log.add(ended.options().step() + " " + ended.options().tags() + " " + ended.delivery());
            }
        };
        Step<String, String> topics = Step.map(
                "topics",
                text -> chat.apply(topics(text))
                        .map(ChatResponse::text)
                        .contextWrite(context -> CallOptions.from(context)
                                .withTags(Map.of("tenant", "a"))
                                .into(context)));
        Flux<Outcome<String>> outcomes = dataset.items().transform(topics).contextWrite(failures::into);

        provider.failNext(1, Fault.serverError());
        StepVerifier.create(outcomes).expectNextCount(1).verifyComplete();
        assertThat(log).hasSize(1).first().asString().startsWith("topics {tenant=a} ");
    }

    @Test
    void retries_areTestedInVirtualTime() {
        ScriptedCall<String, String> model = ScriptedCall.answering(text -> "fine");
        model.next(Reply.error(
                ApiException.builder(ErrorKind.RATE_LIMITED, "too fast").build()));

        StepVerifier.withVirtualTime(() -> CallStack.of(model).build().apply("How are you?"))
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(400)) // standard(): the first wait is 0.5 to 1 s
                .thenAwait(Duration.ofSeconds(1))
                .expectNext("fine")
                .verifyComplete();
        assertThat(model.subscriptions()).isEqualTo(2);
    }

    @Test
    void runs_areTestedInVirtualTime() {
        Dataset<String> dataset = Dataset.of(List.of("one", "two"));
        Step<String, String> slow = Step.map("slow", text -> Mono.just(text).delayElement(Duration.ofHours(1)));

        StepVerifier.withVirtualTime(() -> Run.builder(dataset, slow, folder, Codec.json(String.class))
                        .scheduler(VirtualTimeScheduler::get)
                        .build()
                        .execute())
                .thenAwait(Duration.ofHours(1))
                .assertNext(report -> assertThat(report.total().items().ok()).isEqualTo(2))
                .verifyComplete();
    }

    @Test
    void theSimulatedProvider_failsOnRequest() {
        SimulatedProvider simulated = SimulatedProvider.builder()
                .latency(Latency.logNormal(Duration.ofMillis(20), 0.5))
                .faults(0.05) // of all requests, by seed: the same ones in each run
                .start();
        simulated.failNext(1, Fault.cutBody());

        try (simulated;
                OpenAi client = OpenAi.builder()
                        .baseUrl(simulated.baseUrl() + "/v1")
                        .apiKey("any")
                        .build()) {
            Call<ChatRequest, ChatResponse> chat = CallStack.chat(client.chat()).build();

            StepVerifier.create(chat.apply(topics("The bread is brown.")))
                    .assertNext(answer -> assertThat(answer.text()).contains("bread"))
                    .verifyComplete();
            assertThat(simulated.statistics().faults("cut-body")).isEqualTo(1);
        }
    }

    @Test
    void aNewRequest_isComparedWithStoredOnes() {
        ChatRequest before = topics("The bread is brown.");
        StepVerifier.create(CallStack.chat(openAi.chat()).cache(cache).build().apply(before))
                .expectNextCount(1)
                .verifyComplete();
        ChatRequest request = before.toBuilder().temperature(0.5).build();

        CallKey key = ChatKeys.of(openAi.chat().identity()).key(request);
        Mono<WhyMiss> why =
                CacheTools.of(cache).whyMiss(key); // its samples, the nearest other request, the differences

        StepVerifier.create(why)
                .assertNext(found -> assertThat(found.differences())
                        .containsExactly(new WhyMiss.Difference("temperature", WhyMiss.Kind.ADDED)))
                .verifyComplete();
    }
}
