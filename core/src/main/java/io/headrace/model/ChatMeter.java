package io.headrace.model;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.observe.Meter;
import java.time.Clock;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Reads the usage off chat answers and prices them by the model that answered, at today's list price. */
public final class ChatMeter implements Meter<ChatRequest, ChatResponse> {

    /** Service tiers that are billed at the list price, at OpenAI, Anthropic and Groq; "" where the provider names none. */
    private static final Set<String> LIST_PRICED = Set.of("", "default", "standard", "on_demand");

    private final DatedPrices prices;
    private final DatedPrices batchPrices;

    private ChatMeter(DatedPrices prices) {
        this.prices = prices;
        this.batchPrices = prices.batch();
    }

    public static ChatMeter of(PriceTable prices) {
        return of(prices, Clock.systemUTC());
    }

    /** A meter that takes the day of a price from {@code clock}. */
    public static ChatMeter of(PriceTable prices, Clock clock) {
        return new ChatMeter(new DatedPrices(prices, clock));
    }

    /**
     * The most that one attempt may cost: a text has no more tokens than bytes, an answer no more than {@code maxOutputTokens}.
     * Unknown without that bound or without a price. Unknown too with images or documents, whose tokens only the provider counts, and
     * with extra fields, which may lift the bound, add to the prompt or choose a dearer service.
     */
    @Override
    public Cost ceiling(ChatRequest request) {
        Integer output = request.maxOutputTokens();
        Optional<Price> price = prices.price(request.model());
        OptionalLong input = PromptBound.of(request);
        if (output == null || price.isEmpty() || input.isEmpty()) {
            return Cost.UNKNOWN;
        }
        long answers = request.n() == null ? 1 : request.n();
        return price.get().ceiling(input.getAsLong(), answers * output);
    }

    @Override
    public Cost price(ChatRequest request, Usage usage) {
        return prices.cost(request.model(), usage);
    }

    @Override
    public Usage usage(ChatResponse answer) {
        return answer.usage();
    }

    /** Unknown for an answer that was billed as another service than the usual one or a batch, such as {@code flex}. */
    @Override
    public Cost cost(ChatResponse answer) {
        String tier = answer.serviceTier();
        if (tier.equals("batch")) {
            return batchPrices.cost(answer.model(), answer.usage());
        }
        return LIST_PRICED.contains(tier) ? prices.cost(answer.model(), answer.usage()) : Cost.UNKNOWN;
    }

    @Override
    public ChatMeter batch() {
        return new ChatMeter(batchPrices);
    }

    @Override
    public String model(ChatResponse answer) {
        return answer.model();
    }

    @Override
    public String requestId(ChatResponse answer) {
        return answer.requestId();
    }
}
