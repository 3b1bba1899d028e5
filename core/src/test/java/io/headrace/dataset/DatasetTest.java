package io.headrace.dataset;

import static io.headrace.dataset.Rows.all;
import static io.headrace.dataset.Rows.file;
import static io.headrace.dataset.Rows.ids;
import static io.headrace.dataset.Rows.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Outcome;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class DatasetTest {

    @TempDir
    Path folder;

    record Question(String key, String text) {}

    private final Dataset<Question> questions =
            Dataset.of(List.of(new Question("a", "one"), new Question("b", "two"), new Question(" ", "three")));

    @Test
    void nullInACollection_isNamed() {
        assertThatThrownBy(() -> Dataset.of(Arrays.asList("a", null)))
                .hasMessage("value 1 of the collection is null, a dataset has none: leave it out");
    }

    @Test
    void of_givesPositionsAsIdsAndKnowsItsSize() {
        assertThat(ids(questions)).containsExactly("0", "1", "2");
        assertThat(all(questions)).allMatch(row -> row.item().version() == 0);
        assertThat(questions.size()).hasValue(3);
        assertThat(Dataset.of(List.of()).size()).hasValue(0);
        assertThat(all(Dataset.of(List.of()))).isEmpty();
    }

    @Test
    void of_text_hasItsContentInIdAndVersion() {
        assertThat(ids(Dataset.of(List.of("x", "x")))).allMatch(id -> id.matches("[01]-[0-9a-f]{8}"));
        assertThat(all(Dataset.of(List.of("x", "y"))))
                .extracting(row -> row.item().version())
                .doesNotHaveDuplicates();
    }

    @Test
    void withIds_takesThemFromTheValueAndFailsTheRowWithoutOne() {
        List<Outcome<Question>> rows = all(questions.withIds(Question::key));

        assertThat(rows.get(0).item().id()).isEqualTo("a");
        assertThat(rows.get(1).item().id()).isEqualTo("b");
        assertThat(rows.get(2)).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
            assertThat(failed.kind()).isEqualTo(ErrorKind.MALFORMED_ROW);
            assertThat(failed.message()).contains("row 2").contains("blank");
        });
        assertThat(values(questions.withIds(question -> {
                    throw new IllegalStateException("boom");
                })))
                .hasSize(3)
                .allMatch(value -> value.toString().contains("boom"));
    }

    @Test
    void withVersions_digestsWhatTheCodecWrites() {
        Codec<Question> codec = Codec.json(Question.class);
        List<Outcome<Question>> rows = all(questions.withVersions(codec));

        assertThat(rows)
                .extracting(row -> row.item().version())
                .doesNotHaveDuplicates()
                .doesNotContain(0L);
        assertThat(all(questions.withVersions(codec)).get(0).item().version())
                .isEqualTo(rows.get(0).item().version());
    }

    @Test
    void from_passesDemandCancelAndError() {
        TestPublisher<Integer> source = TestPublisher.create();
        Dataset<Integer> dataset = Dataset.from("numbers", source.flux());

        StepVerifier.create(dataset.items().map(row -> row.item().ordinal()), 1)
                .then(() -> source.assertMinRequested(1).next(10))
                .expectNext(0L)
                .thenCancel()
                .verify();
        source.assertCancelled();
        StepVerifier.create(Dataset.from("broken", Flux.error(new IllegalStateException("x")))
                        .items())
                .verifyErrorMessage("x");
        assertThat(dataset.size()).isEqualTo(OptionalLong.empty());
        assertThat(dataset.signature()).isEqualTo("publisher numbers");
    }

    @Test
    void from_isReadAgainAtEachSubscription() {
        AtomicInteger subscriptions = new AtomicInteger();
        Dataset<Integer> dataset = Dataset.from("n", Flux.defer(() -> Flux.just(subscriptions.incrementAndGet())));

        assertThat(values(dataset)).containsExactly(1);
        assertThat(values(dataset)).containsExactly(2);
    }

    @Test
    void take_boundsRowsAndSize() {
        assertThat(values(questions.take(2))).hasSize(2);
        assertThat(questions.take(2).size()).hasValue(2);
        assertThat(questions.take(10).size()).hasValue(3);
        assertThat(values(questions.take(0))).isEmpty();
        assertThatThrownBy(() -> questions.take(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void sample_drawsExactlyNInOrderWithTheirOwnIdsAndOrdinals() {
        Dataset<String> all = lines(5_000);
        List<Outcome<String>> rows = Rows.all(all);

        for (int n : new int[] {0, 1, 7, 4_999, 5_000, 6_000}) {
            List<Outcome<String>> drawn = Rows.all(all.sample(n, 42));
            assertThat(drawn)
                    .hasSize(Math.min(n, 5_000))
                    .allMatch(row -> rows.get((int) row.item().ordinal()).equals(row));
            assertThat(drawn).extracting(row -> row.item().ordinal()).isSorted();
        }
    }

    @Test
    void sample_dependsOnTheSeedAndNothingElse() {
        Dataset<String> all = lines(5_000);

        List<String> drawn = ids(all.sample(100, 1));
        assertThat(ids(all.sample(100, 1))).isEqualTo(drawn);
        assertThat(ids(all.sample(100, 2))).doesNotContainSequence(drawn);
        assertThat(drawn.stream().filter(ids(all.sample(100, 2))::contains).count())
                .isLessThan(20);
        List<String> smaller = ids(all.sample(50, 1));
        assertThat(drawn).containsAll(smaller);
        assertThat(all.sample(100, 1).signature()).endsWith("sample=100 seed=1");
    }

    @Test
    void sample_isEvenOverTheRows() {
        List<Outcome<String>> drawn = all(lines(10_000).sample(1_000, 7));

        long firstHalf =
                drawn.stream().filter(row -> row.item().ordinal() < 5_000).count();
        assertThat(firstHalf).isBetween(420L, 580L);
    }

    @Test
    void sample_ofRowsWithEqualIds_isStillExact() {
        Dataset<Integer> same = Dataset.of(List.of(1, 2, 3, 4, 5)).withIds(value -> "same");

        assertThat(values(same.sample(3, 1))).hasSize(3);
        assertThatThrownBy(() -> same.sample(-1, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void derived_keepNameAndCheckTheSource() {
        Dataset<String> missing = Dataset.lines(folder.resolve("none.txt"));

        assertThat(missing.take(1).sample(1, 1).name()).isEqualTo("none.txt");
        assertThatThrownBy(() -> missing.take(1).withIds(x -> x).check()).hasMessageContaining("no such file");
    }

    @Test
    void toString_showsNoValues() {
        assertThat(questions.toString() + questions.take(1)).doesNotContain("one");
        assertThat(Dataset.of(List.of("secret")).toString()).doesNotContain("secret");
    }

    private Dataset<String> lines(int count) {
        return Dataset.lines(file(
                folder,
                "lines.txt",
                IntStream.range(0, count).mapToObj(i -> "line " + i).collect(Collectors.joining("\n"))));
    }
}
