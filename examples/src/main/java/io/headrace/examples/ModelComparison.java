package io.headrace.examples;

import io.headrace.examples.analysis.ShippedDocuments;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Models of two providers over one dataset, all at the same time: how often each says what the first says, and what it costs. */
public final class ModelComparison {

    private ModelComparison() {}

    public static void main(String[] args) {
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build();
                Anthropic anthropic = Anthropic.builder()
                        .baseUrl(provider.baseUrl())
                        .apiKey("any")
                        .build()) {

            Flux.mergeSequential(
                            answers(openAi.chat(), "gpt-4o-mini"),
                            answers(openAi.chat(), "gpt-4.1-nano"),
                            answers(anthropic.chat(), "claude-haiku-4-5"))
                    .collectList()
                    .flatMapIterable(ModelAnswers::compare)
                    .doOnNext(System.out::println)
                    .blockLast();
        }
    }

    private static Mono<ModelAnswers> answers(ChatCall provider, String model) {
        var chat = CallStack.chat(provider).build();
        ChatRequest task = ChatRequest.builder(model)
                .system("Classify the text as food, money, science, sports, travel or other.")
                .maxOutputTokens(50)
                .build();
        Step<String, String> classify = Step.map(
                "classify",
                text -> chat.apply(task.toBuilder().user(text).build()).map(ChatResponse::text));
        return ShippedDocuments.dataset()
                .items()
                .transform(classify)
                .collectList()
                .map(outcomes -> new ModelAnswers(model, outcomes));
    }
}
