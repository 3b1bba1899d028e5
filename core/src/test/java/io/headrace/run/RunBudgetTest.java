package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import io.headrace.run.RunReport.End;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

class RunBudgetTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final BigDecimal CENT = new BigDecimal("0.01");

    @TempDir
    Path directory;

    private final AtomicInteger sent = new AtomicInteger();
    private Cost ceiling = Cost.of(new BigDecimal("0.02"));

    /** Each call may cost two cents and costs one; it takes 10 tokens of 20. */
    private final Meter<String, String> meter =
            new ScriptedMeter<>(request -> ceiling, answer -> Usage.of(4, 6), answer -> Cost.of(CENT));

    private Run.Builder<String, String> run(int rows) {
        Call<String, String> call = CallStack.<String, String>of(request -> Mono.fromCallable(() -> {
                            sent.incrementAndGet();
                            return request;
                        })
                        .delayElement(Duration.ofMillis(1)))
                .meter(meter)
                .demand(request -> new Demand(8, 12, Cost.UNKNOWN))
                .build();
        return Run.builder(
                Dataset.of(IntStream.range(0, rows).mapToObj(i -> "word" + i).toList()),
                Step.<String, String>map("ask", call::apply).concurrency(50),
                directory,
                Codec.json(String.class));
    }

    private static BigDecimal usd(String amount) {
        return new BigDecimal(amount);
    }

    @Test
    void capOnMoney_isNeverPassed_andTheRestIsPending_untilAHigherCap() throws IOException {
        RunReport first =
                run(200).budget(Budget.ofUsd(usd("0.50"))).build().execute().block(SOON);
        assertThat(first.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(first.reason()).contains("the budget is used up").contains("raise the cap to go on");
        assertThat(first.total().items().failed()).isZero();
        assertThat(first.total().cost().usd()).isBetween(usd("0.40"), usd("0.50"));
        assertThat(sent.get()).isBetween(40, 50);
        assertThat(first.budget().orElseThrow().usd().reserved()).isZero();
        assertThat(Files.readString(directory.resolve("report.json"))).contains("\"cap\" : 0.50");
        assertThat(Files.readString(directory.resolve("report.txt"))).contains("of 0.50 USD spent");

        RunReport same =
                run(200).budget(Budget.ofUsd(usd("0.50"))).build().execute().block(SOON);
        assertThat(same.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(same.total().cost().usd()).isLessThanOrEqualTo(usd("0.50"));

        RunReport higher =
                run(200).budget(Budget.ofUsd(usd("5"))).build().execute().block(SOON);
        assertThat(higher.end()).isEqualTo(End.FINISHED);
        assertThat(higher.total().items().ok()).isEqualTo(200);
        assertThat(higher.budget().orElseThrow().usd().spent()).isEqualByComparingTo("2");
        assertThat(sent).hasValue(200);
    }

    @Test
    void sameRunAgain_countsWhatItSpentOnce() {
        Run<String> run = run(30).budget(Budget.ofUsd(usd("5"))).build();
        assertThat(run.execute().block(SOON).budget().orElseThrow().usd().spent())
                .isEqualByComparingTo("0.30");
        assertThat(run.execute().block(SOON).budget().orElseThrow().usd().spent())
                .isEqualByComparingTo("0.30");
    }

    @Test
    void anotherRunThere_countsWhatItsBudgetPaidOnce() {
        Budget budget = Budget.ofUsd(usd("5"));
        run(30).budget(budget).build().execute().block(SOON);
        run(50).budget(budget).build().execute().block(SOON);
        assertThat(sent).hasValue(50);
        assertThat(budget.balance().usd().spent()).isEqualByComparingTo("0.50");
    }

    @Test
    void capOnTokens_holds() {
        RunReport report =
                run(200).budget(Budget.ofTokens(500)).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.total().usage().inputTokens() + report.total().usage().outputTokens())
                .isBetween(450L, 500L);
    }

    @Test
    void callWithoutAKnownPrice_stopsTheRunBeforeAnythingIsSent_andSaysWhatToDo() {
        ceiling = Cost.UNKNOWN;
        RunReport report =
                run(200).budget(Budget.ofUsd(usd("5"))).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("set maxOutputTokens, and give the price of its model");
        assertThat(report.total().items().failed()).isZero();
        assertThat(sent).hasValue(0);
    }

    @Test
    void whatEarlierProcessesMayHaveSpent_counts() {
        try (Checkpoint<String> dead = Checkpoint.builder(directory, Codec.json(String.class))
                .configuration("[ask] ")
                .open()) {
            dead.attemptLog().started(io.headrace.Fingerprint.NONE, 0, Cost.of(usd("0.30"))); // in flight at its death
            long unknown = dead.attemptLog().started(io.headrace.Fingerprint.NONE, 0, Cost.of(usd("0.15")));
            dead.attemptLog().ended(unknown, Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN);
        }
        RunReport report =
                run(200).budget(Budget.ofUsd(usd("0.50"))).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(sent.get()).isBetween(3, 5);
        assertThat(report.budget().orElseThrow().usd().spent()).isLessThanOrEqualTo(usd("0.50"));
    }

    @Test
    void capRaisedWhileItRuns_letsItGoOn() {
        Budget budget = Budget.ofUsd(usd("0.40"));
        Run<String> run = run(200).budget(budget)
                .listener(event -> {
                    if (sent.get() == 10) {
                        budget.capUsd(usd("4"));
                    }
                })
                .build();
        assertThat(run.execute().block(SOON).end()).isEqualTo(End.FINISHED);
    }

    @Test
    void shareOfErrors_isToldOnce_orStops() {
        Run.Builder<String, String> bad = Run.builder(
                Dataset.of(IntStream.range(0, 1_000).mapToObj(i -> "word" + i).toList()),
                Step.<String, String>map(
                                "ask",
                                word -> word.endsWith("7")
                                        ? Mono.error(new IllegalStateException("seven"))
                                        : Mono.just(word))
                        .concurrency(1),
                directory,
                Codec.json(String.class));
        RunReport warned = bad.build().execute().block(SOON);
        assertThat(warned.end()).isEqualTo(End.FINISHED);
        assertThat(warned.notes()).containsExactly("10 of the last 100 items failed, more than the 5.0 % allowed");

        RunReport quiet =
                bad.fresh(true).warnAboveErrorShare(0.1).build().execute().block(SOON);
        assertThat(quiet.notes()).noneMatch(note -> note.contains("items failed"));

        RunReport stopped =
                bad.fresh(true).stopAboveErrorShare(0.09).build().execute().block(SOON);
        assertThat(stopped.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(stopped.reason()).isEqualTo("10 of the last 100 items failed, more than the 9.0 % allowed");
        assertThat(stopped.total().items().ok()).isLessThan(200);
        assertThat(stopped.total().items().pending()).isPositive();

        RunReport lenient = bad.fresh(true)
                .warnAboveErrorShare(0.05)
                .stopAboveErrorShare(0.5)
                .build()
                .execute()
                .block(SOON);
        assertThat(lenient.end()).isEqualTo(End.FINISHED);
        assertThat(lenient.notes()).contains("10 of the last 100 items failed, more than the 5.0 % allowed");
    }

    @Test
    void shareOfErrorsThatComesAgain_isOneNoteOfTheReport() {
        RunReport report = Run.builder(
                        Dataset.of(IntStream.range(0, 3_000).boxed().toList()),
                        Step.<Integer, Integer>map(
                                        "ask",
                                        row -> row / 300 % 2 == 1 && row % 5 == 0
                                                ? Mono.error(new IllegalStateException("a bad part"))
                                                : Mono.just(row))
                                .concurrency(1),
                        directory,
                        Codec.json(Integer.class))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.notes()).containsExactly("6 of the last 100 items failed, more than the 5.0 % allowed");
    }

    @Test
    void alarm_tellsAgain_afterTheShareWentDown() {
        ErrorAlarm alarm = new ErrorAlarm(0.05);
        RecentFailures failures = new RecentFailures();
        AtomicInteger told = new AtomicInteger();
        for (int i = 0; i < 1_000; i++) {
            boolean failed = i / 300 % 2 == 1 && i % 5 == 0; // 20 % from 300 to 600 and from 900 on
            alarm.look(failures.item(failed)).ifPresent(what -> told.incrementAndGet());
        }
        assertThat(told).hasValue(2);
    }
}
