package io.headrace.testkit;

import io.headrace.testkit.BatchWire.Kind;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** Works on the requests of a batch by the code that answers online ones, in any order. Used under the lock of the store. */
final class BatchWorker {

    private final Simulation simulation;
    private final BatchStore store;
    private final long seed;

    BatchWorker(Simulation simulation, BatchStore store, long seed) {
        this.simulation = simulation;
        this.store = store;
        this.seed = seed;
    }

    /** Writes the results of a batch that ended in {@code end}. */
    Batch.Outcome work(Batch batch, Batch.State end) {
        if (end == Batch.State.FAILED) {
            return new Batch.Outcome(0, 0, 0, 0, 0, 0, null, null);
        }
        try (Session session = new Session(batch, end)) {
            session.work();
            return session.outcome();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the results of a batch: " + e.getMessage(), e);
        }
    }

    /** What a request earned. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Answer(Kind kind, int status, byte @Nullable [] body) {}

    private final class Session implements AutoCloseable {

        private final Batch batch;
        private final Kind unfinished;
        private final int done;
        private final Endpoint endpoint;
        private final BatchInput.Reading requests;
        private final Output answers;
        private final Output errors;
        private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
        private long inputTokens;
        private long outputTokens;

        Session(Batch batch, Batch.State end) throws IOException {
            this.batch = batch;
            this.unfinished = end == Batch.State.EXPIRED ? Kind.EXPIRED : Kind.CANCELLED;
            this.done = batch.done(batch.endsAt());
            this.endpoint = Objects.requireNonNull(Endpoint.at(batch.path, batch.headers));
            this.requests = batch.input.open();
            this.answers = new Output(store.newPath());
            this.errors = batch.wire.hasErrorFile() ? new Output(store.newPath()) : answers;
        }

        void work() throws IOException {
            int[] order = shuffled(batch.input.size(), new SplittableRandom(seed + batch.id.hashCode()));
            for (int i = 0; i < order.length; i++) {
                BatchEntry entry = requests.entry(order[i]);
                byte[] body = Objects.requireNonNull(entry.body());
                SplittableRandom luck =
                        new SplittableRandom(seed + entry.customId().hashCode());
                luck.nextInt(); // similar ids begin alike
                SimulatedBatches.Fate fate = batch.plan.fate(entry.customId(), luck.nextDouble());
                Answer answer = i < done ? answer(body, fate) : new Answer(unfinished, 0, null);
                counts.merge(answer.kind(), 1L, Long::sum);
                write(entry.customId(), answer, i < done ? fate : SimulatedBatches.Fate.ANSWERED);
            }
        }

        private Answer answer(byte[] body, SimulatedBatches.Fate fate) {
            Wire wire = batch.wire.wire();
            if (fate == SimulatedBatches.Fate.FAILED) {
                return error(wire.refusal(Fault.Refusal.SERVER_ERROR));
            }
            if (fate == SimulatedBatches.Fate.REFUSED) {
                return error(Wire.Problem.invalid("The request was refused."));
            }
            BodyDigest digest = BodyDigest.of(body);
            SimulatedRequest asked = new SimulatedRequest(
                    batch.path, batch.headers, body, digest, simulation.occurrences.nextAsked(digest));
            Question question;
            try {
                question = endpoint.reading().read(batch.path, batch.headers, body);
            } catch (JacksonException e) {
                return error(wire.notJson(e.getOriginalMessage()));
            }
            Wire.Problem problem = question.problem();
            if (problem == null) {
                problem = simulation.checkModel(wire, question.model());
            }
            if (problem != null) {
                return error(problem);
            }
            int number = simulation.occurrences.nextAnswered(digest);
            Question.Content content = question.answer(simulation.occasion(asked, number, true));
            if (content.isStream()) {
                return error(Wire.Problem.invalid("Streaming is not supported in a batch."));
            }
            Demand demand = question.demand(simulation.promptCache());
            Demand work = new Demand(demand == null ? 0 : demand.input(), content.outputTokens());
            inputTokens += work.input();
            outputTokens += work.output();
            simulation.log(batch.path, asked, RequestLog.ANSWERED, 200, work);
            return new Answer(Kind.SUCCEEDED, 200, content.json());
        }

        private Answer error(Wire.Problem problem) {
            byte[] body = batch.wire.wire().problem(problem, simulation.nextRequestId());
            return new Answer(Kind.ERRORED, problem.status(), body);
        }

        private void write(String customId, Answer answer, SimulatedBatches.Fate fate) throws IOException {
            if (fate == SimulatedBatches.Fate.MISSING) {
                return;
            }
            byte[] line = Json.write(json -> batch.wire.line(
                    json, customId, answer.kind(), answer.status(), answer.body(), simulation.nextRequestId()));
            Output to = answer.kind() == Kind.SUCCEEDED ? answers : errors;
            to.write(fate == SimulatedBatches.Fate.MALFORMED ? Arrays.copyOf(line, line.length / 2) : line);
            if (fate == SimulatedBatches.Fate.DOUBLED) {
                to.write(line);
            }
        }

        Batch.Outcome outcome() throws IOException {
            StoredFile results = batch.wire.hasErrorFile() && !answers.isWritten() ? null : stored(answers, "output");
            return new Batch.Outcome(
                    counts.getOrDefault(Kind.SUCCEEDED, 0L),
                    counts.getOrDefault(Kind.ERRORED, 0L),
                    counts.getOrDefault(Kind.EXPIRED, 0L),
                    counts.getOrDefault(Kind.CANCELLED, 0L),
                    inputTokens,
                    outputTokens,
                    results,
                    errors != answers && errors.isWritten() ? stored(errors, "error") : null);
        }

        private @Nullable StoredFile stored(Output output, String what) throws IOException {
            output.close();
            return batch.plan.files
                    ? store.add(
                            batch.id + "_" + what + ".jsonl", "batch_output", output.path, 0, Files.size(output.path))
                    : null;
        }

        @Override
        public void close() throws IOException {
            try (requests;
                    answers) {
                errors.close();
            }
        }
    }

    /** A file of lines. */
    private static final class Output implements AutoCloseable {

        private final Path path;
        private final OutputStream out;
        private boolean isWritten;

        Output(Path path) throws IOException {
            this.path = path;
            this.out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 16);
        }

        void write(byte[] line) throws IOException {
            isWritten = true;
            out.write(line);
            out.write('\n');
        }

        boolean isWritten() {
            return isWritten;
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    private static int[] shuffled(int size, SplittableRandom random) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
