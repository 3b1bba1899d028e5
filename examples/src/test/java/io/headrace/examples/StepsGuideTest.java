package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.dataset.Dataset;
import io.headrace.flow.FlowControl;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.testkit.ScriptedCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** What the guide says of datasets, steps and pipelines. */
class StepsGuideTest extends Guide {

    record Question(String id, String text) {}

    @Test
    void datasets_areReadInManyWays() throws IOException {
        Path path = file("questions.jsonl", """
                {"id": "a", "text": "Why?"}
                {"id": "b", "text": "How?"}
                {"id": "c", "te
                """);
        Path table = file("table.csv", "number;title\n1;bread\n2;water\n");
        List<Question> questions = List.of(new Question("x", "Where?"), new Question("y", "When?"));

        Dataset<Question> typed = Dataset.jsonl(path).idField("id").as(Question.class);
        Dataset<String> column = Dataset.csv(table, ';').text("title");
        Dataset<String> detected = Dataset.open(path); // kind, text and id fields by name and first rows
        Dataset<Question> memory = Dataset.of(questions).withIds(Question::id).withVersions(Codec.json(Question.class));

        Dataset<Question> first = typed.take(10);
        Dataset<Question> drawn = typed.sample(100, 42); // 100 rows by seed 42, the same ones each time

        assertThat(ids(typed)).startsWith("a", "b").hasSize(3);
        assertThat(ids(column)).hasSize(2).first().asString().startsWith("0-");
        assertThat(ids(detected)).startsWith("a", "b");
        assertThat(ids(memory)).containsExactly("x", "y");
        assertThat(ids(first)).hasSize(3);
        assertThat(ids(drawn)).hasSize(3);

        StepVerifier.create(typed.items().ofType(Outcome.Failed.class))
                .assertNext(failed -> {
                    assertThat(failed.kind()).isEqualTo(ErrorKind.MALFORMED_ROW);
                    assertThat(failed.message()).startsWith("questions.jsonl line 3: ");
                })
                .verifyComplete();
    }

    @Test
    void steps_makeAPipeline() {
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();

        Step<String, String> paragraphs = Step.expand("paragraphs", text -> Flux.fromArray(text.split("\n\n")));
        Step<String, String> longer = Step.filter("longer", paragraph -> paragraph.length() > 10);
        Step<String, String> topics = Step.<String, String>map(
                        "topics", text -> chat.apply(topics(text)).map(ChatResponse::text))
                .concurrency(50);
        Step<String, List<String>> parse =
                Step.<String, List<String>>compute("parse", Guide::parse).offload();
        Pipeline<String, List<String>> pipeline =
                paragraphs.then(longer).then(topics).then(parse);

        Dataset<String> dataset = Dataset.of(List.of("The bread is brown.\n\nShort.\n\nThe duck has eggs."));
        List<String> ended = Objects.requireNonNull(dataset.items()
                .transform(pipeline)
                .map(outcome -> outcome.getClass().getSimpleName())
                .sort()
                .collectList()
                .block());
        assertThat(ended).containsExactly("Ok", "Ok", "Skipped");

        Reduction<List<String>, ?, Map<String, Integer>> counts = Reduction.of(
                "topic-counts",
                TreeMap<String, Integer>::new,
                (state, item) -> {
                    item.value().forEach(topic -> state.merge(topic, 1, Integer::sum));
                    return state;
                },
                state -> state);

        assertThat(counts.apply(dataset.items().transform(pipeline)).block()).containsEntry("bread", 1);
    }

    @Test
    void aBatch_answersManyItemsByOneCall() {
        ScriptedCall<List<String>, List<Integer>> lengths = ScriptedCall.answering(
                texts -> texts.stream().map(String::length).toList());

        Step<String, Integer> measure = Step.<String, Integer>batch(
                        "measure",
                        16,
                        items -> lengths.apply(items.stream().map(Item::value).toList())
                                .flatMapIterable(answers -> IntStream.range(0, items.size())
                                        .mapToObj(i -> items.get(i).withValue(answers.get(i)))
                                        .toList()))
                .maxWait(Duration.ofMillis(200));

        StepVerifier.create(Dataset.of(List.of("a", "bb", "ccc"))
                        .items()
                        .transform(measure)
                        .map(outcome -> (Object) outcome.item().value())
                        .collectList())
                .assertNext(values -> assertThat(values).containsExactlyInAnyOrder(1, 2, 3))
                .verifyComplete();
        assertThat(lengths.subscriptions()).isEqualTo(1);
    }

    @Test
    void aFlux_isSteeredWhileItemsPass() {
        Dataset<String> dataset = Dataset.of(TEXTS);
        Pipeline<String, String> pipeline = Pipeline.of(Step.compute("topics", String::strip));

        FlowControl control = FlowControl.create();
        Flux<Outcome<String>> steered = dataset.items().transform(pipeline.controlledBy(control));
        control.concurrency("topics", 20);
        control.pause();
        control.resume();

        StepVerifier.create(steered).expectNextCount(3).verifyComplete();
    }

    private static List<String> ids(Dataset<?> dataset) {
        return Objects.requireNonNull(dataset.items()
                .map(outcome -> outcome.item().id())
                .collectList()
                .block());
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }
}
