package io.headrace.run;

import io.headrace.CallOptions;
import io.headrace.Fingerprint;
import io.headrace.Outcome;
import io.headrace.Usage;
import io.headrace.flow.Step;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.observe.DryRun;
import io.headrace.run.Estimate.StepEstimate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;

/** What a dry run has seen of the calls of each step of a pipeline; a sample that would be bought once counts once. Thread-safe. */
final class SeenCalls implements DryRun, CallListener {

    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final Map<String, OfStep> steps = new LinkedHashMap<>();
    private final LongSet bought = new LongSet();

    SeenCalls(List<Step<?, ?>> steps) {
        steps.forEach(step -> this.steps.put(step.name(), new OfStep()));
    }

    OfStep of(Step<?, ?> step) {
        return Objects.requireNonNull(steps.get(step.name()));
    }

    /** What was seen of all steps together. */
    OfStep all() {
        OfStep all = new OfStep();
        steps.values().forEach(all::add);
        return all;
    }

    @Override
    public Context into(Context context) {
        return DryRun.super.into(CallListener.super.into(context));
    }

    @Override
    public void on(CallEvent event) {
        if (event instanceof CallEvent.CacheHit hit && hit.whole()) {
            OfStep here = step(hit.options());
            if (here != null) {
                here.hit();
            }
        }
    }

    @Override
    public void wouldSend(CallOptions options, Usage tokens, Range online, Range batch) {
        OfStep here = step(options);
        if (here != null) {
            here.missed(options.item(), tokens, online, batch);
        }
    }

    @Override
    public boolean isBought(CallOptions options, Fingerprint fingerprint, int sample) {
        boolean isNew;
        synchronized (bought) {
            isNew = bought.add((fingerprint.a() * SPREAD + fingerprint.b() + sample) * SPREAD);
        }
        OfStep here = step(options);
        if (!isNew && here != null) {
            here.shared(options.item());
        }
        return !isNew;
    }

    /** Null for a call outside all steps. */
    private @Nullable OfStep step(CallOptions options) {
        return steps.get(options.step());
    }

    /** What was seen of one step. Thread-safe. */
    static final class OfStep {

        private final LongSet items = new LongSet();
        private long entered;
        private long ended;
        private long hits;
        private long misses;
        private long input;
        private long output;
        private Range online = Range.ZERO;
        private Range batch = Range.ZERO;

        synchronized void enters(Object outcome) {
            if (outcome instanceof Outcome.Ok) {
                entered++;
            }
        }

        private synchronized void hit() {
            hits++;
        }

        /** A call that is given the answer of one that would be sent. */
        private synchronized void shared(String item) {
            hits++;
            ends(item);
        }

        private synchronized void missed(String item, Usage tokens, Range online, Range batch) {
            misses++;
            ends(item);
            input += tokens.inputTokens();
            output += tokens.outputTokens();
            this.online = this.online.plus(online);
            this.batch = this.batch.plus(batch);
        }

        /** The item gets no further: it has no answer. */
        private void ends(String item) {
            ended += items.add(RowKey.of(item)) ? 1 : 0;
        }

        private void add(OfStep other) {
            hits += other.hits;
            misses += other.misses;
            input += other.input;
            output += other.output;
            online = online.plus(other.online);
            batch = batch.plus(other.batch);
        }

        /** Items that get no further. */
        long ended() {
            return ended;
        }

        /** Calls that would be sent. */
        long misses() {
            return misses;
        }

        /** 1 if no row came. */
        double callsPerRow() {
            return entered == 0 ? 1 : (double) (hits + misses) / entered;
        }

        long tokensPerMiss() {
            return misses == 0 ? 0 : (input + output) / misses;
        }

        /**
         * @param assumed calls nobody saw
         * @param like whose calls those are like
         */
        StepEstimate estimate(String step, long assumed, OfStep like, double scale) {
            double more = like.misses == 0 ? 0 : (double) assumed / like.misses;
            return new StepEstimate(
                    step,
                    Math.round(hits * scale),
                    Math.round((misses + assumed) * scale),
                    Math.round(assumed * scale),
                    Math.round((input + like.input * more) * scale),
                    Math.round((output + like.output * more) * scale),
                    scaled(online, scale).plus(scaled(like.online, more * scale)),
                    scaled(batch, scale).plus(scaled(like.batch, more * scale)));
        }

        private static Range scaled(Range range, double factor) {
            return new Range(Estimate.scaled(range.least(), factor), Estimate.scaled(range.most(), factor));
        }
    }
}
