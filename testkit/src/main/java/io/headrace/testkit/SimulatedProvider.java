package io.headrace.testkit;

import io.headrace.Require;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * An HTTP server on the loopback address that speaks as real providers do. OpenAI: {@code /v1/chat/completions} and
 * {@code /v1/responses}, whole and streamed, {@code /v1/embeddings} and {@code /v1/models}. Anthropic: {@code /v1/messages}, whole
 * and streamed, {@code /v1/messages/count_tokens} and {@code /v1/models}. The same seed and the same requests give the same answers,
 * latencies and faults.
 *
 * <p><b>Answers</b> are computed from the words of the request. The instructions tell the task: they are the system and developer
 * texts, or without these the first paragraph of the user's message if another follows. Of the words in the table, the one that
 * stands first decides. The text to work on is the last user message.
 *
 * <table>
 * <caption>Tasks</caption>
 * <tr><th>instructions hold</th><th>answer</th></tr>
 * <tr><td>"topic" or "keyword"</td><td>a JSON array of up to 5 words, the most frequent of the text without stop words:
 *   {@code ["duck","egg","market"]}</td></tr>
 * <tr><td>"classif" (classify, classification)</td><td>a JSON object with a category from the list after the next colon, and the
 *   share of words that speak for it: {@code {"category":"food","confidence":0.87}}. The list ends with its sentence and is
 *   divided by commas, "or", or lines with bullets; without one, all categories below are offered. A listed name is
 *   understood if one of its words is a known category or a synonym. Where nothing fits, it is "other" if that is listed, else
 *   the last one.</td></tr>
 * <tr><td>"summar" (summary, summarize)</td><td>prose from the counts in the text, such as {@code food: 12}</td></tr>
 * <tr><td>none of these</td><td>one sentence that names the most frequent words</td></tr>
 * </table>
 *
 * <p>Known categories: money, time, travel, food, animals, nature, school, sports, family, work, home, clothing, health,
 * science, technology, history, politics, law, geography, religion, superstition, language, psychology, arts, fiction,
 * mathematics.
 *
 * <p><b>Usage</b>: a run of letters and digits counts one token for every 4 characters begun, any other character except white space
 * counts one, and each message counts 4 more. An answer that is longer than the request's token limit is cut there and has the finish
 * reason for that.
 *
 * <p><b>Tools</b> are called if the request requires or names one, or if a word of a tool's name stands in the user's text. Once a
 * tool has answered, the answer repeats what it gave. Arguments satisfy their schema with words, names and numbers from the user's
 * text, and so do answers for which a <b>JSON schema</b> is given; of the keywords of strict schemas only patterns are not
 * understood. A text with "you must refuse" is declined. <b>Stop texts</b> end the answer, several <b>choices</b> say the same, a
 * <b>reasoning effort</b> costs tokens. Sampling changes nothing; OpenAI's reasoning models, o1 and gpt-5 and those after them,
 * refuse it as real ones do unless the effort is {@code none}, and {@code max_tokens} and stop texts in any case.
 *
 * <p><b>Anthropic</b> besides: thinking comes with a signature, and is taken back only with it. A prompt with blocks that are marked
 * with {@code cache_control} reads from the prompt cache the longest start that it shares with an earlier one, and writes the rest up
 * to its last mark. No block is too short for the cache. Tools count as their JSON, an image or a PDF as 100 tokens.
 *
 * <p><b>Embeddings</b> of texts that share words lie close together; the same text always has the same vector, of length 1.
 *
 * <p><b>Quotas</b> hold per key, and per model if a script says so, exact to the token by the server's own count: see
 * {@link SimulatedQuota} and {@link SimulatorScript}. Answers then have the rate-limit headers of the provider that is played, and
 * refusals its words. Counting tokens and listing models is free.
 *
 * <p><b>Control</b> by HTTP, for a server in a process of its own: {@code POST /simulator/script} plays a script in the JSON of
 * {@link SimulatorScript#parse} and answers 204. {@code GET /simulator/statistics} gives {@link QuotaStatistics} as JSON, for the key
 * that is sent as a bearer token, or for all keys together.
 *
 * <p><b>Batches</b>: OpenAI's {@code /v1/files} and {@code /v1/batches}, Anthropic's {@code /v1/messages/batches}, as
 * {@link SimulatedBatches} says. The requests in a batch get the answers that they would get online, when the batch has ended and is
 * asked about; they count in {@link #asked} and {@link #answered}. Files and batches lie in a temporary folder, which {@link #close}
 * deletes. Faults can hit their paths too.
 *
 * <p><b>Checks</b> are those of the real providers: key, version, model, messages and token limit, each with the real status and
 * error body.
 *
 * <p>Thread-safe. Holds two threads by default and up to four more for batches, which end on {@link #close}.
 */
public final class SimulatedProvider implements AutoCloseable {

    private final Simulation simulation;
    private final BatchStore batches;
    private final Listener listener;

    private SimulatedProvider(Simulation simulation, BatchStore batches, Listener listener) {
        this.simulation = simulation;
        this.batches = batches;
        this.listener = listener;
    }

    /** Starts the description of a provider on a free port, without latency and faults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Scheme, address and port, such as {@code http://127.0.0.1:40123}; the paths start with {@code /v1}. */
    public String baseUrl() {
        return listener.baseUrl();
    }

    public int port() {
        return listener.port();
    }

    /**
     * The certificate in PEM, for a client's trust store.
     *
     * @throws IllegalStateException without {@link Builder#tls}
     */
    public String certificate() {
        return listener.certificate();
    }

    /**
     * Trust in the certificate and in no other.
     *
     * @throws IllegalStateException without {@link Builder#tls}
     */
    public TrustManagerFactory trust() {
        return listener.trust();
    }

    /** The next {@code requests} well-formed requests meet {@code fault}, after the ones that are queued already. */
    public void failNext(int requests, Fault fault) {
        Require.atLeast(1, requests, "requests");
        simulation.script.next(requests, Objects.requireNonNull(fault, "fault"));
    }

    /**
     * From now on each well-formed request for which {@code when} holds meets {@code fault}, where no queued fault comes first.
     * Of several rules the earlier wins. The predicate runs on an event loop and must not block.
     */
    public void failWhen(Predicate<SimulatedRequest> when, Fault fault) {
        simulation.script.when(Objects.requireNonNull(when, "when"), Objects.requireNonNull(fault, "fault"));
    }

    /** Forgets queued faults and rules; faults by rate go on. */
    public void clearScript() {
        simulation.script.clear();
    }

    /**
     * From now on {@code changes} hold, in order: quotas, states of keys, storms of refusals. If several would refuse a request, a
     * revoked key comes first, then an exhausted one, a storm, the quota, and last a {@link Fault}.
     */
    public void change(SimulatorChange... changes) {
        play(SimulatorScript.of(changes));
    }

    /** Starts {@code script}; its times count from now. Scripts that were started before go on. */
    public void play(SimulatorScript script) {
        simulation.quotas.play(script);
    }

    /** What the key with that text was let in for and refused, from the first quota or script on. */
    public QuotaStatistics quotaStatistics(String key) {
        return simulation.quotas.statistics(key);
    }

    /** What all keys together were let in for and refused, from the first quota or script on. */
    public QuotaStatistics quotaStatistics() {
        return simulation.quotas.statistics();
    }

    /** Batches that are made from now on are worked on like this. */
    public void batches(SimulatedBatches plan) {
        batches.plan(Objects.requireNonNull(plan, "plan"));
    }

    /** The batches that it made, the newest first. */
    public List<SimulatedBatch> batches() {
        return batches.snapshot();
    }

    /** What it was asked so far. */
    public SimulatorStatistics statistics() {
        return simulation.counters.snapshot();
    }

    /** What it saw of its clients' connections so far. */
    public ConnectionStatistics connections() {
        return listener.statistics();
    }

    /** Breaks all open connections by a TCP reset, whatever goes on over them. Not to be called on an event loop of its own. */
    public void dropConnections() {
        listener.dropConnections();
    }

    /** The newest requests, oldest first, as many as {@link Builder#keepRequests} says. */
    public List<SimulatedRequest> requests() {
        return simulation.keptRequests();
    }

    /** How often the body with that SHA-256 in hex was asked; 0 where occurrences are not counted. */
    public int asked(String digest) {
        return simulation.occurrences.asked(BodyDigest.ofHex(digest));
    }

    /** How often the body with that SHA-256 in hex was answered whole; 0 where occurrences are not counted. */
    public int answered(String digest) {
        return simulation.occurrences.answered(BodyDigest.ofHex(digest));
    }

    /** Completes when the server is closed: what a process that only simulates waits for. Cancel changes nothing. */
    public Mono<Void> onClose() {
        return listener.onClose();
    }

    /**
     * Frees the port, breaks open connections, ends the threads and closes the log; waits for that up to 5 seconds each. Must
     * not be called on an event loop of its own.
     */
    @Override
    public void close() {
        listener.close();
        batches.close();
        simulation.closeLog();
    }

    /** Describes a {@link SimulatedProvider}. Not thread-safe. */
    public static final class Builder {

        private static final List<Fault> MIXTURE = List.of(
                Fault.rateLimited(Duration.ofMillis(200)),
                Fault.rateLimited(Duration.ofMillis(200)),
                Fault.rateLimited(Duration.ofMillis(200)),
                Fault.serverError(),
                Fault.serverError(),
                Fault.unavailable(),
                Fault.overloaded(),
                Fault.resetBeforeRead(),
                Fault.resetAfterRead(),
                Fault.cutBody());

        private @Nullable Path logFile;
        private @Nullable Path batchLog;
        private SimulatedBatches batches = SimulatedBatches.DEFAULT;
        int port;
        int threads = 2;
        boolean tls;
        boolean http2;
        int maxStreams = 100;
        boolean gzip;
        long seed;
        Latency latency = Latency.none();
        Duration streamPace = Duration.ZERO;
        double faultRate;
        List<Fault> faultMixture = MIXTURE;
        boolean answerOccurrences;
        boolean countOccurrences = true;
        boolean requireKey = true;
        Set<String> keys = Set.of();
        Set<String> models = Set.of();
        int keepRequests = 1_000;
        SimulatorScript script = SimulatorScript.of();
        boolean limitHeaders = true;
        Clock clock = Clock.systemUTC();

        private Builder() {}

        /** The port, 0 (the default) for a free one. */
        public Builder port(int port) {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("port must be 0 to 65535, is " + port);
            }
            this.port = port;
            return this;
        }

        /** Number of event loop threads, at least 1; 2 by default. */
        public Builder threads(int threads) {
            this.threads = Require.atLeast(1, threads, "threads");
            return this;
        }

        /**
         * Speaks TLS only, with a certificate for 127.0.0.1 that is made at the start and signed by itself. Needs {@code
         * io.netty:netty-pkitesting} on the class path, which this module does not bring.
         */
        public Builder tls() {
            this.tls = true;
            return this;
        }

        /**
         * Speaks HTTP/2 beside HTTP/1.1: by ALPN with {@link #tls}, otherwise by an upgrade or with prior knowledge.
         *
         * @param maxStreams most requests at once on one connection, at least 1
         */
        public Builder http2(int maxStreams) {
            Require.atLeast(1, maxStreams, "maxStreams");
            this.http2 = true;
            this.maxStreams = maxStreams;
            return this;
        }

        /** Packs answers for clients that accept gzip; off by default. */
        public Builder gzip() {
            this.gzip = true;
            return this;
        }

        /** What latencies, faults and ids are drawn from; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** The time from the arrival of a request to its answer; none by default. */
        public Builder latency(Latency latency) {
            this.latency = Objects.requireNonNull(latency, "latency");
            return this;
        }

        /** The time between two events of a streamed answer, whose first comes after the latency; none by default. */
        public Builder streamPace(Duration streamPace) {
            this.streamPace = Require.notNegative(streamPace, "streamPace");
            return this;
        }

        /**
         * The share of requests, 0 to 1, that meet a fault. It depends on seed, body and occurrence, so a retry meets its own
         * luck. Of ten faults three are 429 with a wait of 200 ms, two are 500, and one each 503, 529, a reset before the work,
         * a reset after it, and a cut body. Stalls are left out, since they last as long as the client's patience.
         */
        public Builder faults(double rate) {
            return faults(rate, MIXTURE.toArray(Fault[]::new));
        }

        /** Like {@link #faults(double)} with faults drawn evenly from {@code mixture}; one that is listed twice comes twice as often. */
        public Builder faults(double rate, Fault... mixture) {
            if (!(rate >= 0 && rate <= 1)) {
                throw new IllegalArgumentException("rate must be 0 to 1, is " + rate);
            }
            if (mixture.length == 0) {
                throw new IllegalArgumentException("the mixture of faults is empty");
            }
            this.faultRate = rate;
            this.faultMixture = List.of(mixture);
            return this;
        }

        /**
         * Whether an answer ends with how often its body has been answered: prose with {@code #2}, a JSON array with the element
         * {@code "#2"}, a JSON object with {@code "occurrence":2}. Then a client that mixes up two answers shows. Off by default.
         */
        public Builder answerOccurrences(boolean answerOccurrences) {
            this.answerOccurrences = answerOccurrences;
            return this;
        }

        /**
         * Whether to count how often each body is asked; on by default. It takes about 100 bytes of heap for each distinct body:
         * switch it off for a run of millions. Then each occurrence is the first.
         */
        public Builder countOccurrences(boolean countOccurrences) {
            this.countOccurrences = countOccurrences;
            return this;
        }

        /** Whether a request without a key is refused with 401; on by default. Any key that is not empty is good. */
        public Builder requireKey(boolean requireKey) {
            this.requireKey = requireKey;
            return this;
        }

        /** The good keys; any other is refused with 401. None, the default, means that every key is good. */
        public Builder keys(String... keys) {
            this.keys = Set.of(keys);
            return this;
        }

        /** The models that exist; any other is refused with 404. None, the default, means that every model exists. */
        public Builder models(String... models) {
            this.models = Set.of(models);
            return this;
        }

        /** How many of the newest requests {@link SimulatedProvider#requests} shows, 1,000 by default; 0 keeps none. */
        public Builder keepRequests(int keepRequests) {
            this.keepRequests = Require.atLeast(0, keepRequests, "keepRequests");
            return this;
        }

        /** The quota of each key; unlimited by default. As a script of one change. */
        public Builder quota(SimulatedQuota quota) {
            return script(SimulatorScript.of(SimulatorChange.quota(quota)));
        }

        /** What holds from the start, and what changes when; replaces an earlier one. None by default. */
        public Builder script(SimulatorScript script) {
            this.script = Objects.requireNonNull(script, "script");
            return this;
        }

        /**
         * Whether answers tell the limits of the key that asked, in the provider's headers and once there is a quota; on by default.
         * Switch it off for a server whose limits nobody knows. Refusals name their delay in any case.
         */
        public Builder limitHeaders(boolean limitHeaders) {
            this.limitHeaders = limitHeaders;
            return this;
        }

        /**
         * What quotas, scripts and time stamps go by; the clock of the machine by default. Latency and the pace of streams do not:
         * they go by timers of event loops.
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** The file that {@link RequestLog} appends to; none by default. */
        public Builder logFile(Path logFile) {
            this.logFile = Objects.requireNonNull(logFile, "logFile");
            return this;
        }

        /** How batches are worked on; {@link SimulatedBatches#DEFAULT} by default. */
        public Builder batches(SimulatedBatches batches) {
            this.batches = Objects.requireNonNull(batches, "batches");
            return this;
        }

        /** The file that {@link BatchLog} appends to; none by default. */
        public Builder batchLog(Path batchLog) {
            this.batchLog = Objects.requireNonNull(batchLog, "batchLog");
            return this;
        }

        /**
         * Starts the server; it accepts requests when this returns.
         *
         * @throws IllegalStateException for settings that exclude each other
         * @throws java.io.UncheckedIOException if the log cannot be opened
         * @throws reactor.netty.ChannelBindException if the port is taken
         */
        public SimulatedProvider start() {
            if (!countOccurrences && (answerOccurrences || faultRate > 0)) {
                throw new IllegalStateException("answerOccurrences and faults by rate need countOccurrences(true):"
                        + " without it a retry would meet the same fault for ever");
            }
            Simulation simulation = new Simulation(this, logFile == null ? null : RequestLog.open(logFile));
            try {
                ControlPath control = new ControlPath(simulation);
                BatchStore store =
                        new BatchStore(simulation, batches, batchLog == null ? null : BatchLog.open(batchLog), seed);
                BatchPaths paths = new BatchPaths(simulation, store);
                Listener listener = Listener.open(
                        this,
                        (request, response) -> ControlPath.isMeant(request)
                                ? control.serve(request, response)
                                : BatchPaths.isMeant(request)
                                        ? paths.serve(request, response)
                                        : EndpointExchange.serve(simulation, request, response));
                return new SimulatedProvider(simulation, store, listener);
            } catch (RuntimeException e) {
                simulation.closeLog();
                throw e;
            }
        }
    }
}
