package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchResult;
import io.headrace.batch.ScriptedBatchApi;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Runs in batches whose account is refused: by the endpoint, or request by request. */
class RunBatchErrorsTest extends BatchRuns {

    /** Where in the exchange. */
    enum Place {
        ACCOUNT,
        SUBMIT,
        STATUS,
        RESULTS
    }

    private final Troubled troubled = new Troubled(request -> answers.apply(request));

    /** Refuses the account at one place, says of some batches that they run, and notes what was paid. */
    private static final class Troubled extends ScriptedBatchApi {

        final List<String> paid;
        volatile Place place;
        volatile ErrorKind kind = ErrorKind.AUTHENTICATION;
        volatile Predicate<String> runs = id -> false;

        Troubled(Function<String, String> answers) {
            this(answers, new CopyOnWriteArrayList<>());
        }

        private Troubled(Function<String, String> answers, List<String> paid) {
            super(request -> {
                String answer = answers.apply(request);
                paid.add(request);
                return answer;
            });
            this.paid = paid;
        }

        private <T> Mono<T> at(Place where, Mono<T> answer) {
            return Mono.defer(() -> place == where ? Mono.error(refused(kind)) : answer);
        }

        @Override
        public Mono<BatchAccount> account() {
            return at(Place.ACCOUNT, super.account());
        }

        @Override
        public Mono<BatchJob> submit(String tag, Flux<byte[]> requests, Function<String, Mono<Void>> uploaded) {
            return at(Place.SUBMIT, super.submit(tag, requests, uploaded));
        }

        @Override
        public Mono<BatchJob> job(String id) {
            return at(Place.STATUS, super.job(id).map(job -> runs.test(id) ? running(job) : job));
        }

        @Override
        public Flux<BatchResult<String>> results(BatchJob job) {
            return at(Place.RESULTS, Mono.just(job)).flatMapMany(super::results);
        }

        private static BatchJob running(BatchJob job) {
            return new BatchJob(
                    job.id(), job.tag(), BatchJob.State.RUNNING, job.createdAt(), null, job.counts(), null, Map.of());
        }
    }

    private static ApiException refused(ErrorKind kind) {
        return ApiException.builder(kind, "the account is refused")
                .delivery(Delivery.REFUSED)
                .build();
    }

    static Stream<Arguments> troubles() {
        return Stream.of(Place.values())
                .flatMap(place -> Stream.of(ErrorKind.AUTHENTICATION, ErrorKind.QUOTA_EXHAUSTED)
                        .map(kind -> Arguments.of(place, kind)));
    }

    private Run.Builder<String, String> ask(int rows) {
        Call<String, String> call = stack().batches(queue, troubled).build();
        return run(rows, Pipeline.of(Step.<String, String>map("ask", call::apply)));
    }

    private void assertRefused(Mono<RunReport> work, ErrorKind kind) {
        assertThatThrownBy(() -> work.block(SOON))
                .isInstanceOfSatisfying(
                        ApiException.class, error -> assertThat(error.kind()).isEqualTo(kind))
                .hasMessageContaining("the account is refused");
    }

    private void assertNothingIsLost() throws IOException {
        assertThat(directory.resolve("out/dead-letters.jsonl")).isEmptyFile();
        assertThat(Files.readString(directory.resolve("out/report.json"))).contains("\"end\" : \"waiting\"");
        assertThat(online).isEmpty();
    }

    private void assertAllIsDone(RunReport report, int rows) {
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(rows, rows, 0, 0, 0, 0));
        assertThat(troubled.paid).hasSize(rows).doesNotHaveDuplicates();
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
        assertThat(report.total().calls().sent()).isEqualTo(rows);
    }

    @ParameterizedTest
    @MethodSource("troubles")
    void refusedAccount_endsTheRoundsAndAGoodOneGoesOn(Place place, ErrorKind kind) throws IOException {
        troubled.place = place;
        troubled.kind = kind;
        for (int i = 0; i < 4; i++) {
            assertRefused(queue.rounds(ask(30).build().execute()), kind);
            assertNothingIsLost();
            reopen();
        }
        troubled.place = null;
        assertAllIsDone(queue.rounds(ask(30).build().execute()).block(SOON), 30);
        assertThat(troubled.asked).hasSize(30);
    }

    @ParameterizedTest
    @MethodSource("troubles")
    void refusedAccount_inRoundsOfTheirOwn_goesOnInTheSameProcess(Place place, ErrorKind kind) throws IOException {
        troubled.kind = kind;
        Run<String> run = ask(30).build();
        if (place == Place.STATUS || place == Place.RESULTS) {
            assertThat(queue.round(run.execute()).block(SOON)).isNotNull();
        }
        troubled.place = place;
        assertRefused(queue.round(run.execute()), kind);
        assertRefused(queue.round(run.execute()), kind);
        assertNothingIsLost();
        troubled.place = null;
        assertAllIsDone(queue.rounds(run.execute()).block(SOON), 30);
        assertThat(troubled.asked).hasSize(30);
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTHENTICATION", "QUOTA_EXHAUSTED"})
    void creditThatEndsWithinABatch_leavesTheRestPending(ErrorKind kind) throws IOException {
        answers = request -> {
            if (troubled.paid.size() >= 12) {
                throw refused(kind);
            }
            return request + "!";
        };
        assertRefused(queue.rounds(ask(30).build().execute()), kind);
        assertNothingIsLost();
        assertThat(troubled.paid).hasSize(12);
        for (int i = 0; i < 4; i++) { // no credit yet
            reopen();
            assertThatThrownBy(() -> queue.rounds(ask(30).build().execute())
                            .flatMap(report -> Mono.error(new IllegalStateException(report.reason())))
                            .block(SOON))
                    .hasMessageContaining("the account is refused");
            assertThat(directory.resolve("out/dead-letters.jsonl")).isEmptyFile();
        }
        reopen();
        answers = request -> request + "!";
        assertAllIsDone(queue.rounds(ask(30).build().execute()).block(SOON), 30);
    }

    @Test
    void oneRequestThatTheAccountMayNotMake_fails_andTheOthersAreAnswered() {
        answers = request -> {
            if (request.equals("word7")) {
                throw refused(ErrorKind.AUTHENTICATION);
            }
            return request + "!";
        };
        RunReport report = null;
        for (int i = 0; i < 6 && (report == null || report.end() != End.FINISHED); i++) {
            report = queue.rounds(ask(30).stopAfterAccountErrors(0).build().execute())
                    .onErrorResume(ApiException.class, error -> Mono.empty())
                    .block(SOON);
        }
        assertThat(report).isNotNull();
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(30, 29, 1, 0, 0, 0));
        assertThat(troubled.asked).hasSize(29 + 3);
    }

    @Test
    void failuresOfOneBatch_stopNoRunWhoseOthersAreOut() {
        answers = request -> {
            if (request.equals("word1") || request.equals("word2")) {
                throw ApiException.builder(ErrorKind.NOT_FOUND, "no such model")
                        .delivery(Delivery.REFUSED)
                        .build();
            }
            return request + "!";
        };
        Call<String, String> call = stack().batches(queue, troubled).build();
        Mono<String> both = Flux.just("word1", "word2")
                .concatMap(word -> call.apply(word).onErrorResume(error -> Mono.empty()))
                .then(Mono.just("parked"));
        queue.round(both).block(SOON); // in a batch of their own
        troubled.runs = id -> !id.equals("batch-0");
        Run<String> run = run(30, Pipeline.of(Step.<String, String>map("ask", call::apply)))
                .build();
        queue.round(run.execute()).block(SOON);
        RunReport waiting = queue.round(run.execute()).block(SOON);
        assertThat(waiting).isNotNull();
        assertThat(waiting.end()).isEqualTo(End.WAITING);

        troubled.runs = id -> false;
        RunReport done = queue.rounds(run.execute(), RunReport::waitsForBatches).block(SOON);
        assertThat(done).isNotNull();
        assertThat(done.end()).isEqualTo(End.FINISHED);
        assertThat(done.total().items()).isEqualTo(new Items(30, 28, 2, 0, 0, 0));
    }
}
