package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.Logged;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** What comes back for each element of a batch. */
class MicroBatcherAnswersTest extends MicroBatches {

    @Test
    void failureOfOneElement_failsItAlone() {
        MicroBatcher<String, String> batcher = batcher(batch -> Mono.just(BatchResponse.<String>builder()
                        .answer("b", "fine")
                        .failure("a", error(ErrorKind.SERVER_ERROR))
                        .build()))
                .count(2)
                .build();
        Caller a = ask(batcher, "a", "1");
        Caller b = ask(batcher, "b", "2");
        assertThat(a.error()).hasMessage("scripted server-error");
        assertThat(b.answers).containsExactly("fine");
    }

    @Test
    void missingAndExtraIds_harmNobodyElse() {
        MicroBatcher<String, String> batcher = batcher(batch -> Mono.just(BatchResponse.<String>builder()
                        .answer("b", "fine")
                        .answer("stranger", "?")
                        .build()))
                .count(2)
                .build();
        Caller a = ask(batcher, "a", "1");
        Caller b = ask(batcher, "b", "2");
        assertThat(a.error())
                .isInstanceOfSatisfying(
                        ApiException.class,
                        missing -> assertThat(missing.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE))
                .hasMessage("the batch of 2 elements brought no answer for this one, 'a'");
        assertThat(b.answers).containsExactly("fine");
    }

    @Test
    void extraIds_areToldOnce_andAnElementHasOneThatAnAnswerFinds() {
        MicroBatcher<String, String> batcher = batcher(batch -> Mono.just(BatchResponse.<String>builder()
                        .answer(batch.elements().get(0).id(), "fine")
                        .answer("stranger", "?")
                        .answer("", "?")
                        .build()))
                .count(1)
                .build();
        List<Caller> callers = new ArrayList<>();
        String logged = Logged.by(() -> {
            callers.add(ask(batcher, "", "1"));
            callers.add(ask(batcher, "b", "2"));
        });
        assertThat(callers).allSatisfy(caller -> assertThat(caller.answers).containsExactly("fine"));
        assertThat(logged.lines()).singleElement().asString().contains("WARN", "nobody asked for", "stranger");
        assertThatThrownBy(() -> new BatchRequest.Element<>("", "a prompt"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the id of an element must not be empty: no answer would find it");
    }

    @Test
    void refusedBatch_isSplit_untilOnlyTheBadOneFails() {
        MicroBatcher<String, String> batcher = batcher(batch -> batch.requests().contains("bad")
                        ? Mono.error(error(ErrorKind.INVALID_REQUEST))
                        : Mono.just(answers(batch)))
                .count(8)
                .build();
        List<Caller> callers = IntStream.range(0, 8)
                .mapToObj(i -> ask(batcher, "i" + i, i == 5 ? "bad" : "good" + i))
                .toList();
        assertThat(callers.get(5).error()).hasMessage("scripted invalid-request");
        assertThat(callers).filteredOn(caller -> caller.answers.size() == 1).hasSize(7);
        assertThat(sent).extracting(List::size).containsExactly(8, 4, 4, 2, 1, 1, 2);
    }

    @Test
    void batchOfBadElementsOnly_endsForEach() {
        MicroBatcher<String, String> batcher =
                batcher(batch -> Mono.error(error(ErrorKind.REFUSED))).count(4).build();
        List<Caller> callers = IntStream.range(0, 4)
                .mapToObj(i -> ask(batcher, "i" + i, "x" + i))
                .toList();
        assertThat(callers).allSatisfy(caller -> assertThat(caller.error()).hasMessage("scripted refused"));
        assertThat(sent).hasSize(7);
    }

    @Test
    void otherErrors_failTheBatch_andNoOther() {
        AtomicInteger batches = new AtomicInteger();
        MicroBatcher<String, String> batcher = batcher(batch -> batches.getAndIncrement() == 0
                        ? Mono.error(error(ErrorKind.OVERLOADED))
                        : Mono.just(answers(batch)))
                .count(2)
                .build();
        List<Caller> callers = IntStream.range(0, 4)
                .mapToObj(i -> ask(batcher, "i" + i, "x" + i))
                .toList();
        assertThat(callers.get(0).error()).hasMessage("scripted overloaded");
        assertThat(callers.get(1).error()).hasMessage("scripted overloaded");
        assertThat(callers.get(3).answers).containsExactly("to x3");
        assertThat(sent).hasSize(2);
    }

    @Test
    void emptyAnswer_nullAndWhatTheCallThrows_areErrorsOfTheBatch() {
        AtomicReference<Mono<BatchResponse<String>>> next = new AtomicReference<>(Mono.empty());
        MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(batch -> next.get())
                .count(1)
                .build();
        assertThat(ask(batcher, "a", "1").error()).hasMessage("the call completed without an answer");
        next.set(null);
        assertThat(ask(batcher, "a", "1").error()).hasMessageContaining("returned null");
        next.set(Mono.defer(() -> {
            throw new IllegalArgumentException("broken");
        }));
        assertThat(ask(batcher, "a", "1").error()).hasMessage("broken");
        next.set(Mono.defer(() -> {
            throw new NoClassDefFoundError("gone");
        }));
        assertThat(ask(batcher, "a", "1").error()).isInstanceOf(NoClassDefFoundError.class);
        next.set(Mono.just(BatchResponse.<String>builder().answer("a", "fine").build()));
        assertThat(ask(batcher, "a", "1").answers).containsExactly("fine");
    }
}
