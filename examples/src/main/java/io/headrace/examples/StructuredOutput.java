package io.headrace.examples;

import io.headrace.Call;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Description;
import io.headrace.model.Structured;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Records as answers: the model gets a schema made of the record, and an answer that does not fit is asked for again. */
public final class StructuredOutput {

    /** What is asked for; a component may carry a hint for the model. */
    record Note(
            Kind kind, @Description("the place it is about") Optional<String> place, int days) {}

    enum Kind {
        TRAVEL,
        MONEY,
        OTHER
    }

    private StructuredOutput() {}

    public static void main(String[] args) {
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build()) {

            Structured<Note> note = Structured.of(Note.class);
            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(openAi.chat()).validator(note::problem).build();

            Function<String, Mono<Note>> ask = text -> chat.apply(ChatRequest.builder("gpt-4o-mini")
                            .user(text)
                            .answerFormat(note.format())
                            .build())
                    .map(note::read);

            Flux.fromIterable(List.of(
                            "We take the night train to Vienna and stay for 3 days.",
                            "The bank lends money for 30 days and wants it back with interest."))
                    .flatMapSequential(ask, 2, 1)
                    .doOnNext(System.out::println)
                    .blockLast();
        }
    }
}
