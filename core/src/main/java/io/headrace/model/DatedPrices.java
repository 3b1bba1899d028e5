package io.headrace.model;

import io.headrace.Cost;
import io.headrace.Usage;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Today's prices (UTC) of the models that come by, looked up once each. Thread-safe. */
final class DatedPrices {

    /** Model names to remember: a server may answer with a new name each time. */
    private static final int MAX_MODELS = 1_000;

    private static final long DAY_MILLIS = Duration.ofDays(1).toMillis();

    private final PriceTable prices;
    private final Clock clock;
    private final boolean ofBatches;
    private volatile Day today = new Day(Long.MIN_VALUE, Map.of());

    private record Day(long epochDay, Map<String, Optional<Price>> prices) {}

    DatedPrices(PriceTable prices, Clock clock) {
        this(Objects.requireNonNull(prices, "prices"), Objects.requireNonNull(clock, "clock"), false);
    }

    private DatedPrices(PriceTable prices, Clock clock, boolean ofBatches) {
        this.prices = prices;
        this.clock = clock;
        this.ofBatches = ofBatches;
    }

    /** The same of the providers' batch endpoints. */
    DatedPrices batch() {
        return ofBatches ? this : new DatedPrices(prices, clock, true);
    }

    Optional<Price> price(String model) {
        Day day = today();
        Optional<Price> known = day.prices().get(model);
        if (known == null) {
            known = prices.price(model, LocalDate.ofEpochDay(day.epochDay()));
            if (ofBatches) {
                known = known.flatMap(Price::batch);
            }
            if (day.prices().size() < MAX_MODELS) {
                day.prices().put(model, known);
            }
        }
        return known;
    }

    /** What {@code usage} of {@code model} costs; unknown without a price. */
    Cost cost(String model, Usage usage) {
        Optional<Price> price = price(model);
        return price.isEmpty() ? Cost.UNKNOWN : price.get().cost(usage);
    }

    private Day today() {
        long epochDay = Math.floorDiv(clock.millis(), DAY_MILLIS);
        Day day = today;
        if (day.epochDay() != epochDay) {
            day = new Day(epochDay, new ConcurrentHashMap<>());
            today = day;
        }
        return day;
    }
}
