package io.headrace.model;

import io.headrace.ErrorText;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What models cost, by name and date. A model that is not in it has no price: never zero. A dated snapshot such as
 * {@code gpt-4o-mini-2024-07-18} that is not in it by itself costs what its model costs.
 *
 * <p>Immutable.
 */
public final class PriceTable {

    private static final Pattern SNAPSHOT = Pattern.compile("-(\\d{4}-\\d{2}-\\d{2}|\\d{8}|latest)$");

    /** The list prices that ship with the library; read when first asked for. */
    private static final class Shipped {

        private static final PriceTable TABLE = read();

        private static PriceTable read() {
            try (InputStream in = Objects.requireNonNull(PriceTable.class.getResourceAsStream("prices.json"))) {
                return new PriceTable(PriceFile.read(in, "prices.json"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final Map<String, NavigableMap<LocalDate, Price>> prices;

    private PriceTable(Map<String, NavigableMap<LocalDate, Price>> prices) {
        this.prices = prices;
    }

    /**
     * The providers' list prices as of November 2026. They change without notice: override what matters with
     * {@link #with} or {@link #withFile}.
     */
    public static PriceTable shipped() {
        return Shipped.TABLE;
    }

    /** A table without any price. */
    public static PriceTable empty() {
        return new PriceTable(Map.of());
    }

    /** This table with one price for {@code model}, whatever the date, in place of those it has. */
    public PriceTable with(String model, Price price) {
        Objects.requireNonNull(price, "price");
        return with(Map.of(model, new TreeMap<>(Map.of(LocalDate.MIN, price))));
    }

    /**
     * This table with the prices of a JSON file in place of those it has for the same models:
     *
     * <pre>{@code
     * {"models": [{"model": "my-model", "input": 0.50, "output": 2.00,
     *              "cachedInput": 0.05, "cacheWrite": 0.60, "longCacheWrite": 1.00, "from": "2026-08-01",
     *              "above": [{"promptTokens": 200000, "input": 1.00, "output": 3.00}], "batchShare": 0.5}]}
     * }</pre>
     *
     * Dollars per million tokens; {@code model}, {@code input} and {@code output} are needed. Tokens read from or written to the
     * provider's prompt cache cost as much as {@code input} unless told; without {@code longCacheWrite} the cost of tokens that
     * are kept there for longer is unknown. {@code batchShare} is the share of all of them that the provider's batch endpoint takes;
     * without it the cost of what went there is unknown; before {@code models} it stands for all of them. A model may come again with
     * another {@code from}, the first day (UTC) of a price.
     *
     * @throws IllegalArgumentException if the file is missing or not like this, naming file and place
     */
    public PriceTable withFile(Path file) {
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException("the price file " + file + " is not there or cannot be read");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return with(PriceFile.read(in, file.toString()));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "the price file " + file + " cannot be read: " + ErrorText.message(e), e);
        }
    }

    /** What {@code model} costs on {@code day} (UTC), by its name or, for a dated snapshot, its model's. */
    public Optional<Price> price(String model, LocalDate day) {
        return Optional.ofNullable(prices(model).floorEntry(day)).map(Map.Entry::getValue);
    }

    /** The prices of {@code model} by the first day each holds; empty if unknown. */
    NavigableMap<LocalDate, Price> prices(String model) {
        NavigableMap<LocalDate, Price> own = prices.get(model);
        if (own == null) {
            own = prices.get(SNAPSHOT.matcher(model).replaceFirst(""));
        }
        return own == null ? new TreeMap<>() : own;
    }

    private PriceTable with(Map<String, NavigableMap<LocalDate, Price>> others) {
        Map<String, NavigableMap<LocalDate, Price>> all = new HashMap<>(prices);
        all.putAll(others);
        return new PriceTable(all);
    }
}
