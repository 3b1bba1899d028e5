package io.headrace.examples.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Item;
import io.headrace.examples.analysis.CorpusSummary.TopicCount;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CorpusCountsTest {

    @Test
    void add_countsCategoriesAndTopicsLargestFirstAndEqualOnesByName() {
        CorpusCounts counts = new CorpusCounts(100)
                .add(document("1", "law", "court", "Judge"))
                .add(document("2", "food", "bread", "judge", "Judge"))
                .add(document("3", "food", "bread", "oven"));

        assertThat(counts.documents()).isEqualTo(3);
        assertThat(counts.categories().toString()).isEqualTo("{food=2, law=1}");
        assertThat(counts.topics())
                .containsExactly(
                        new TopicCount("bread", 2),
                        new TopicCount("judge", 2),
                        new TopicCount("court", 1),
                        new TopicCount("oven", 1));
    }

    @Test
    void add_inAnyOrder_givesTheSameCountsAndTheSameSample() {
        List<Item<Analysis>> documents = new ArrayList<>(IntStream.range(0, 2_000)
                .mapToObj(i -> document("row-" + i, "c" + i % 7, "t" + i % 11, "t" + i % 13))
                .toList());
        CorpusCounts first = counts(documents);

        for (int seed = 0; seed < 5; seed++) {
            Collections.shuffle(documents, new Random(seed));
            CorpusCounts other = counts(documents);
            assertThat(other.categories()).isEqualTo(first.categories());
            assertThat(other.topics()).isEqualTo(first.topics());
            assertThat(other.sample(10)).isEqualTo(first.sample(10));
        }
    }

    @Test
    void add_beyondTheSample_countsTopicsInAFairShareOfTheDocuments() {
        CorpusCounts counts = new CorpusCounts(1_000);
        for (int i = 0; i < 100_000; i++) {
            counts.add(document(
                    Integer.toString(i), "law", i % 4 == 0 ? "quarter" : "rest", i < 50_000 ? "early" : "late"));
        }

        assertThat(counts.topicDocuments()).isEqualTo(1_000);
        assertThat(counts.categories()).containsEntry("law", 100_000L);
        assertThat(documentsWith(counts, "quarter")).isBetween(200L, 300L);
        assertThat(documentsWith(counts, "early")).isBetween(440L, 560L);
    }

    @Test
    void topics_areAtMostTwenty() {
        CorpusCounts counts = new CorpusCounts(100);
        for (int i = 0; i < 50; i++) {
            counts.add(document("d" + i, "law", "topic-" + i));
        }

        assertThat(counts.topics()).hasSize(20);
    }

    private static long documentsWith(CorpusCounts counts, String topic) {
        return counts.topics().stream()
                .filter(count -> count.topic().equals(topic))
                .mapToLong(TopicCount::documents)
                .sum();
    }

    private static CorpusCounts counts(List<Item<Analysis>> documents) {
        CorpusCounts counts = new CorpusCounts(300);
        documents.forEach(counts::add);
        return counts;
    }

    private static Item<Analysis> document(String id, String category, String... topics) {
        return Item.of(id, 0, new Analysis(List.of(topics), category, 1));
    }
}
