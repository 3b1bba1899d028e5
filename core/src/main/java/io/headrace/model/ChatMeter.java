package io.headrace.model;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.observe.Meter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.LocalDate;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Reads the usage off chat answers and prices them by the model that answered, at today's list price. */
public final class ChatMeter implements Meter<ChatRequest, ChatResponse> {

    /** More than a message adds to its text: role, separators, the start of the answer. */
    private static final int TOKENS_PER_MESSAGE = 16;

    private static final int TOKENS_PER_REQUEST = 64;

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
        return price.get().ceiling(input, output);
    }

    @Override
    public Usage usage(ChatResponse answer) {
        return answer.usage();
    }

    @Override
    public Cost cost(ChatResponse answer) {
        return price(answer.model()).map(price -> price.cost(answer.usage())).orElse(Cost.UNKNOWN);
    }

    @Override
    public String model(ChatResponse answer) {
        return answer.model();
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
