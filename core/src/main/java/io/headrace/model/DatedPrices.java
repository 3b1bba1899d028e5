package io.headrace.model;

import java.time.Clock;
import java.time.LocalDate;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Today's prices of the models that come by, looked up once each. Thread-safe. */
final class DatedPrices {

    /** Model names to remember: a server may answer with a new name each time. */
    private static final int MAX_MODELS = 1_000;

    private final PriceTable prices;
    private final Clock clock;
    private final Map<String, NavigableMap<LocalDate, Price>> known = new ConcurrentHashMap<>();

    DatedPrices(PriceTable prices, Clock clock) {
        this.prices = Objects.requireNonNull(prices, "prices");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    Optional<Price> price(String model) {
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
