package io.headrace.model;

import io.headrace.Usage;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Estimates how many tokens texts and prompts have: a guess to plan with, not a bound; {@link ChatMeter#ceiling} has that.
 *
 * <p>Where jtokkit ({@code com.knuddels:jtokkit}, which you add yourself) is on the class path and knows the model's encoding,
 * tokens are counted: of OpenAI's models to GPT-5. Counting takes about 10 to 50 microseconds for 1,000 characters. Everywhere
 * else, and until an encoding is loaded, they follow from the length of the text in bytes by a rate for each model, which is a
 * quarter at first and which {@link #learn} corrects.
 *
 * <p>No method blocks. An encoding takes a second to load and some tens of megabytes; the first estimate that needs it starts
 * that on the scheduler. Thread-safe.
 */
public final class TokenEstimator {

    private static final Pattern O200K = Pattern.compile("(chatgpt-)?(gpt-4o|gpt-4\\.[15]|gpt-5|o[134])([-.].*)?");
    private static final Pattern CL100K = Pattern.compile(
            "(gpt-4|gpt-3\\.5|text-embedding-3-small|text-embedding-3-large|text-embedding-ada-002)(-.*)?");

    /** What a chat model adds to each message, and to the whole, by OpenAI's account of its own. */
    private static final int PER_MESSAGE = 4;

    private static final int PER_REQUEST = 3;

    /** Between a small and a large one; providers count by the size of the image, which nobody looks at here. */
    private static final int PER_IMAGE = 1_000;

    /** A page of text; nobody looks inside here either. */
    private static final int PER_DOCUMENT = 1_000;

    /** Model names to remember: a server may be asked for a new name each time. */
    private static final int MAX_MODELS = 1_000;

    private final Map<String, Calibration> calibrations = new ConcurrentHashMap<>();
    private final Calibration others = new Calibration();
    private final @Nullable Tokenizer o200k;
    private final @Nullable Tokenizer cl100k;

    private TokenEstimator(Supplier<Scheduler> scheduler, boolean withEncodings) {
        this.o200k = withEncodings ? new Tokenizer(() -> Encodings.load("o200k_base"), scheduler) : null;
        this.cl100k = withEncodings ? new Tokenizer(() -> Encodings.load("cl100k_base"), scheduler) : null;
    }

    /** An estimator that loads encodings on {@code Schedulers.boundedElastic()}. */
    public static TokenEstimator create() {
        return create(Schedulers::boundedElastic);
    }

    /**
     * @param scheduler where encodings are loaded; it must allow a second of work
     */
    public static TokenEstimator create(Supplier<Scheduler> scheduler) {
        return new TokenEstimator(Objects.requireNonNull(scheduler, "scheduler"), Encodings.arePresent());
    }

    /** An estimator that goes by lengths only. */
    public static TokenEstimator byLength() {
        return new TokenEstimator(Schedulers::boundedElastic, false);
    }

    /** Completes when the encoding of {@code model} is loaded, at once where there is none. For who wants no guess before. */
    public Mono<Void> ready(String model) {
        Tokenizer tokenizer = tokenizer(model);
        return tokenizer == null ? Mono.empty() : tokenizer.ready();
    }

    /** The tokens of {@code text} for {@code model}, from 0. */
    public long tokens(String model, String text) {
        Tokenizer tokenizer = tokenizer(model);
        ToLongFunction<String> counter = tokenizer == null ? null : tokenizer.counter();
        return counter == null ? calibration(model).tokens(Utf8Length.of(text)) : counter.applyAsLong(text);
    }

    /** The tokens of the prompt of {@code request}: its texts, tools and schema; images and documents by a rule of thumb. */
    public long promptTokens(ChatRequest request) {
        PromptTexts prompt = PromptTexts.of(request);
        long tokens = overhead(request, prompt);
        for (String text : prompt.texts()) {
            tokens += tokens(request.model(), text);
        }
        return tokens;
    }

    /** The tokens of all inputs of {@code request}. */
    public long promptTokens(EmbeddingRequest request) {
        return request.inputs().stream()
                .mapToLong(input -> tokens(request.model(), input))
                .sum();
    }

    /**
     * Learns from the usage that was reported for {@code request}, under the name of the model that was asked for: from each at first,
     * later from one of eight. Unknown usage, and prompts with images or documents, teach nothing.
     */
    public void learn(ChatRequest request, Usage usage) {
        Calibration calibration = calibration(request.model());
        if (!usage.isKnown() || !calibration.wantsMore()) {
            return;
        }
        PromptTexts prompt = PromptTexts.of(request);
        if (prompt.images() == 0 && prompt.documents() == 0) {
            long bytes = 0;
            for (String text : prompt.texts()) {
                bytes += Utf8Length.of(text);
            }
            long tokens = Math.max(0, usage.inputTokens() - overhead(request, prompt));
            calibration.learn(bytes, tokens);
        }
    }

    private static long overhead(ChatRequest request, PromptTexts prompt) {
        return PER_REQUEST
                + (long) PER_MESSAGE * request.messages().size()
                + (long) PER_IMAGE * prompt.images()
                + (long) PER_DOCUMENT * prompt.documents();
    }

    private Calibration calibration(String model) {
        Calibration known = calibrations.get(model);
        if (known != null) {
            return known;
        }
        return calibrations.size() < MAX_MODELS
                ? calibrations.computeIfAbsent(model, first -> new Calibration())
                : others;
    }

    private @Nullable Tokenizer tokenizer(String model) {
        if (o200k == null && cl100k == null) {
            return null; // the names of models need not be looked at for every text
        }
        if (O200K.matcher(model).matches()) {
            return o200k;
        }
        return CL100K.matcher(model).matches() ? cl100k : null;
    }
}
