package io.headrace.examples;

import io.headrace.Codec;
import io.headrace.Outcome;
import io.headrace.examples.analysis.ShippedDocuments;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.Statistics;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Checkpoint;
import io.headrace.testkit.SimulatedProvider;
import java.nio.file.Path;

/**
 * A dataset through a step with nothing but Reactor's own operators round it. The checkpoint keeps what is done, so that a
 * second run has nothing left to do; the statistics count calls and items.
 *
 * <p>Run it with {@code ./headrace --version && java -cp '.headrace/current/*' io.headrace.examples.PlainFlux out}, twice.
 */
public final class PlainFlux {

    private PlainFlux() {}

    public static void main(String[] args) {
        Path directory = Path.of(args.length > 0 ? args[0] : "out");
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build();
                Checkpoint<String> checkpoint =
                        Checkpoint.builder(directory, Codec.json(String.class)).open()) {

            var chat = CallStack.chat(openAi.chat()).build();
            Step<String, String> topics =
                    Step.map("topics", text -> chat.apply(prompt(text)).map(ChatResponse::text));
            Statistics statistics = Statistics.create();
            checkpoint
                    .pending(ShippedDocuments.dataset().items()) // the rows that are not done yet
                    .transform(topics)
                    .transform(checkpoint) // what comes out here is durable
                    .transform(statistics::items)
                    .ofType(Outcome.Ok.class)
                    .doOnNext(ok -> System.out.println(ok.item().id() + " " + ok.value()))
                    .contextWrite(statistics::into)
                    .blockLast();
            System.out.println(statistics);
        }
    }

    private static ChatRequest prompt(String text) {
        return ChatRequest.builder("gpt-4o-mini")
                .system("Name the topics of the text as a JSON array.")
                .user(text)
                .maxOutputTokens(100)
                .build();
    }
}
