package io.headrace.model;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.observe.Meter;
import java.time.Clock;
import java.util.Optional;

/** Reads the usage off embedding answers and prices them by the model that answered, at today's list price. */
public final class EmbeddingMeter implements Meter<EmbeddingRequest, EmbeddingResponse> {

    /** More than an input adds to its text. */
    private static final int TOKENS_PER_INPUT = 16;

    private final DatedPrices prices;

    private EmbeddingMeter(DatedPrices prices) {
        this.prices = prices;
    }

    public static EmbeddingMeter of(PriceTable prices) {
        return of(prices, Clock.systemUTC());
    }

    /** A meter that takes the day of a price from {@code clock}. */
    public static EmbeddingMeter of(PriceTable prices, Clock clock) {
        return new EmbeddingMeter(new DatedPrices(prices, clock));
    }

    /** The most that one attempt may cost: an input has no more tokens than bytes. Unknown without a price. */
    @Override
    public Cost ceiling(EmbeddingRequest request) {
        Optional<Price> price = prices.price(request.model());
        if (price.isEmpty() || !request.extra().isEmpty()) {
            return Cost.UNKNOWN;
        }
        long tokens = 0;
        for (String input : request.inputs()) {
            tokens += TOKENS_PER_INPUT + Utf8Length.of(input);
        }
        return price.get().ceiling(tokens, 0);
    }

    @Override
    public Cost price(EmbeddingRequest request, Usage usage) {
        return prices.cost(request.model(), usage);
    }

    @Override
    public Usage usage(EmbeddingResponse answer) {
        return answer.usage();
    }

    @Override
    public Cost cost(EmbeddingResponse answer) {
        return prices.cost(answer.model(), answer.usage());
    }

    @Override
    public EmbeddingMeter batch() {
        return new EmbeddingMeter(prices.batch());
    }

    @Override
    public String model(EmbeddingResponse answer) {
        return answer.model();
    }

    @Override
    public String requestId(EmbeddingResponse answer) {
        return answer.requestId();
    }
}
