package io.headrace.model;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.observe.Meter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.LocalDate;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads the usage off chat answers and prices them by the model that answered, at today's list price.
 *
 * <p>Usage does not tell tokens written to a provider's prompt cache from other input tokens: they are priced as input, a
 * fifth too low where the provider charges for writing.
 */
public final class ChatMeter implements Meter<ChatRequest, ChatResponse> {

    /** More than a message adds to its text: role, separators, the start of the answer. */
    private static final int TOKENS_PER_MESSAGE = 16;

    private static final int TOKENS_PER_REQUEST = 64;
    private static final int PRICE_SCALE = 6;

    /** Model names to remember: a server may answer with a new name each time. */
    private static final int MAX_MODELS = 1_000;

    private final PriceTable prices;
    private final Clock clock;
    private final Map<String, NavigableMap<LocalDate, Price>> known = new ConcurrentHashMap<>();

    private ChatMeter(PriceTable prices, Clock clock) {
        this.prices = prices;
        this.clock = clock;
    }

    public static ChatMeter of(PriceTable prices) {
        return of(prices, Clock.systemUTC());
    }

    /** A meter that takes the day of a price from {@code clock}. */
    public static ChatMeter of(PriceTable prices, Clock clock) {
        return new ChatMeter(Objects.requireNonNull(prices, "prices"), Objects.requireNonNull(clock, "clock"));
    }

    /**
     * The most that one attempt may cost: a prompt has no more tokens than bytes, an answer no more than
     * {@code maxOutputTokens}. Unknown without that bound, without a price, and for a request with extra fields, for they may
     * lift the bound, add to the prompt or ask for several answers.
     */
    @Override
    public Cost ceiling(ChatRequest request) {
        Integer output = request.maxOutputTokens();
        Optional<Price> price = price(request.model());
        if (output == null || price.isEmpty() || !request.extra().isEmpty()) {
            return Cost.UNKNOWN;
        }
        long input = TOKENS_PER_REQUEST;
        for (Message message : request.messages()) {
            input += TOKENS_PER_MESSAGE + message.text().getBytes(StandardCharsets.UTF_8).length;
        }
        BigDecimal most = atMost(price.get(), input, output);
        for (Price.Tier tier : price.get().above()) {
            if (input > tier.promptTokens()) {
                most = most.max(atMost(tier.price(), input, output));
            }
        }
        return Cost.of(most);
    }

    @Override
    public Usage usage(ChatResponse answer) {
        return answer.usage();
    }

    @Override
    public Cost cost(ChatResponse answer) {
        Usage usage = answer.usage();
        if (!usage.isKnown()) {
            return Cost.UNKNOWN;
        }
        return price(answer.model())
                .map(price -> price.at(usage.inputTokens()))
                .map(price -> Cost.of(cost(price, usage)))
                .orElse(Cost.UNKNOWN);
    }

    @Override
    public String model(ChatResponse answer) {
        return answer.model();
    }

    private static BigDecimal cost(Price price, Usage usage) {
        long cached = Math.min(usage.cachedInputTokens(), usage.inputTokens());
        return of(price.input(), usage.inputTokens() - cached)
                .add(of(price.cachedInput(), cached))
                .add(of(price.output(), usage.outputTokens()));
    }

    private static BigDecimal atMost(Price price, long input, long output) {
        BigDecimal dearest = price.input().max(price.cacheWrite()).max(price.cachedInput());
        return of(dearest, input).add(of(price.output(), output));
    }

    private static BigDecimal of(BigDecimal perMillion, long tokens) {
        return perMillion.multiply(BigDecimal.valueOf(tokens)).movePointLeft(PRICE_SCALE);
    }

    private Optional<Price> price(String model) {
        NavigableMap<LocalDate, Price> dated = known.get(model);
        if (dated == null) {
            dated = prices.prices(model);
            if (known.size() < MAX_MODELS) {
                known.put(model, dated);
            }
        }
        if (dated.isEmpty()) {
            return Optional.empty();
        }
        return Optional.ofNullable(dated.floorEntry(LocalDate.now(clock))).map(Map.Entry::getValue);
    }
}
