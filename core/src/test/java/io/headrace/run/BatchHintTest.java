package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.observe.Meter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

class BatchHintTest {

    @TempDir
    Path directory;

    private int runs;

    /** @param batchUsd the price of a batch's answer; null where there are no batches */
    private record Prices(String usd, @Nullable String batchUsd) implements Meter<String, String> {

        @Override
        public Cost ceiling(String request) {
            return Cost.UNKNOWN;
        }

        @Override
        public Usage usage(String answer) {
            return Usage.ZERO;
        }

        @Override
        public Cost cost(String answer) {
            return Cost.of(new BigDecimal(usd));
        }

        @Override
        public String model(String answer) {
            return "";
        }

        @Override
        public Meter<String, String> batch() {
            return batchUsd == null ? Meter.super.batch() : new Prices(batchUsd, null);
        }
    }

    private RunReport run(int rows, Meter<String, String> prices) {
        return Run.builder(
                        Dataset.of(IntStream.range(0, rows)
                                .mapToObj(i -> "word" + i)
                                .toList()),
                        Step.<String, String>map(
                                "ask",
                                CallStack.<String, String>of(Mono::just)
                                        .meter(prices)
                                        .build()::apply),
                        directory.resolve("run-" + ++runs),
                        Codec.json(String.class))
                .build()
                .execute()
                .block(Duration.ofSeconds(20));
    }

    @Test
    void manyAnswers_areToldOnceWithTheShareOfTheirPrice() {
        assertThat(run(3_000, new Prices("0.02", "0.01")).notes())
                .singleElement()
                .satisfies(
                        note -> assertThat(note).contains("1,000 calls were answered online", "50 %", "--mode batch"));
    }

    @Test
    void fewAnswers_areNotWorthAWord() {
        assertThat(run(999, new Prices("0.02", "0.01")).notes()).isEmpty();
    }

    @Test
    void noBatchesOrNoGain_isSilence() {
        assertThat(run(2_000, new Prices("0.02", null)).notes()).isEmpty();
        assertThat(run(2_000, new Prices("0.02", "0.02")).notes()).isEmpty();
        assertThat(run(2_000, Meter.free()).notes()).isEmpty();
    }
}
