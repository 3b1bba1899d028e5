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
    private final Map<String, NavigableMap<LocalDate, Price>> known;
    private final boolean ofBatches;

    DatedPrices(PriceTable prices, Clock clock) {
        this(
                Objects.requireNonNull(prices, "prices"),
                Objects.requireNonNull(clock, "clock"),
                new ConcurrentHashMap<>(),
                false);
    }

    private DatedPrices(
            PriceTable prices, Clock clock, Map<String, NavigableMap<LocalDate, Price>> known, boolean ofBatches) {
        this.prices = prices;
        this.clock = clock;
        this.known = known;
        this.ofBatches = ofBatches;
    }

    /** The same of the providers' batch endpoints. */
    DatedPrices batch() {
        return ofBatches ? this : new DatedPrices(prices, clock, known, true);
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
        Map.Entry<LocalDate, Price> today = dated.floorEntry(LocalDate.now(clock));
        if (today == null) {
            return Optional.empty();
        }
        return ofBatches ? today.getValue().batch() : Optional.of(today.getValue());
    }
}
