package io.headrace.admission;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.model.ChatRequest;
import io.headrace.model.TokenEstimator;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a chat request asks of a gate: the estimated tokens of its prompt, and the tokens that its answers may have. A request
 * without {@code maxOutputTokens} counts with the mean of the answers so far, {@value #FIRST_OUTPUT} tokens at first.
 */
public final class ChatDemand implements DemandEstimator<ChatRequest> {

    private static final int FIRST_OUTPUT = 256;

    /** The weight of one more answer in the mean is one in so many. */
    private static final int MEMORY = 64;

    private final TokenEstimator estimator;
    private final AtomicLong meanOutput = new AtomicLong((long) FIRST_OUTPUT * MEMORY);

    private ChatDemand(TokenEstimator estimator) {
        this.estimator = Objects.requireNonNull(estimator, "estimator");
    }

    public static ChatDemand of(TokenEstimator estimator) {
        return new ChatDemand(estimator);
    }

    @Override
    public Demand demand(ChatRequest request) {
        long answers = request.n() == null ? 1 : request.n();
        Integer bound = request.maxOutputTokens();
        long output = bound == null ? meanOutput.get() / MEMORY : bound;
        return new Demand(estimator.promptTokens(request), answers * output, Cost.UNKNOWN);
    }

    private static long withOneMore(long mean, long output) {
        return mean + output - mean / MEMORY;
    }

    @Override
    public void answered(ChatRequest request, Usage usage) {
        estimator.learn(request, usage);
        if (usage.isKnown()) {
            long answers = request.n() == null ? 1 : Math.max(1, request.n());
            meanOutput.accumulateAndGet(usage.outputTokens() / answers, ChatDemand::withOneMore);
        }
    }
}
