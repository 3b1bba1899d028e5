package io.headrace.examples;

import io.headrace.Cost;
import io.headrace.Outcome;
import io.headrace.examples.analysis.ShippedDocuments;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Models of two providers over one dataset, all at the same time: how often each says what the first says, and what it costs.
 *
 * <p>Run it with {@code ./headrace --version && java -cp '.headrace/current/*' io.headrace.examples.ModelComparison}.
 */
public final class ModelComparison {

    /** What became of each document at one model, in the order of the dataset. */
    private record Column(String model, List<Outcome<String>> outcomes) {

        String comparedWith(Column first) {
            long same = IntStream.range(0, outcomes.size())
                    .filter(i -> answer(i).isPresent() && answer(i).equals(first.answer(i)))
                    .count();
            Cost cost = outcomes.stream().map(outcome -> outcome.tally().cost()).reduce(Cost.ZERO, Cost::plus);
            return "%s: as %s for %d of %d, %s USD".formatted(model, first.model, same, outcomes.size(), cost.usd());
        }

        private Optional<String> answer(int i) {
            return outcomes.get(i) instanceof Outcome.Ok<String> ok ? Optional.of(ok.value()) : Optional.empty();
        }
    }

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
                            column(openAi.chat(), "gpt-4o-mini"),
                            column(openAi.chat(), "gpt-4.1-nano"),
                            column(anthropic.chat(), "claude-haiku-4-5"))
                    .collectList()
                    .flatMapIterable(columns -> columns.stream()
                            .map(column -> column.comparedWith(columns.get(0)))
                            .toList())
                    .doOnNext(System.out::println)
                    .blockLast();
        }
    }

    private static Mono<Column> column(ChatCall provider, String model) {
        var chat = CallStack.chat(provider).build();
        Step<String, String> classify = Step.<String, String>map(
                        "classify", text -> chat.apply(prompt(model, text)).map(ChatResponse::text))
                .ordered();
        return ShippedDocuments.dataset()
                .items()
                .transform(classify)
                .collectList()
                .map(outcomes -> new Column(model, outcomes));
    }

    private static ChatRequest prompt(String model, String text) {
        return ChatRequest.builder(model)
                .system("Classify the text as food, money, science, sports, travel or other.")
                .user(text)
                .maxOutputTokens(50)
                .build();
    }
}
