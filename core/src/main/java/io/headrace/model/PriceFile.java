package io.headrace.model;

import java.io.InputStream;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/** Reads the JSON file of prices that {@link PriceTable#withFile} describes. Strict, for a typing error would be money. */
final class PriceFile {

    private static final JsonFactory JSON = new JsonFactory();

    private final JsonParser parser;
    /** Of the models behind it that have none of their own. */
    private @Nullable BigDecimal batchShare;

    private final Map<String, NavigableMap<LocalDate, Price>> prices = new HashMap<>();

    private PriceFile(JsonParser parser) {
        this.parser = parser;
    }

    static Map<String, NavigableMap<LocalDate, Price>> read(InputStream in, String file) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), in)) {
            PriceFile reader = new PriceFile(parser);
            try {
                reader.read();
            } catch (IllegalArgumentException | DateTimeParseException e) {
                TokenStreamLocation at = parser.currentTokenLocation();
                throw new IllegalArgumentException(file + ", line " + at.getLineNr() + ": " + e.getMessage(), e);
            }
            return reader.prices;
        } catch (JacksonException e) {
            throw new IllegalArgumentException(file + " is not JSON: " + e.getMessage(), e);
        }
    }

    private void read() {
        expect(JsonToken.START_OBJECT, parser.nextToken());
        for (String field = parser.nextName(); field != null; field = parser.nextName()) {
            switch (field) {
                case "note" -> expect(JsonToken.VALUE_STRING, parser.nextToken());
                case "batchShare" -> {
                    parser.nextToken();
                    batchShare = money();
                }
                case "models" -> readModels();
                default ->
                    throw new IllegalArgumentException(
                            "unknown field '" + field + "', known: note, batchShare, models");
            }
        }
    }

    private void readModels() {
        expect(JsonToken.START_ARRAY, parser.nextToken());
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            Fields fields = readFields(true);
            String model = required(fields.model, "model");
            Price price = fields.price();
            BigDecimal share = fields.batchShare == null ? batchShare : fields.batchShare;
            if (share != null) {
                price = price.withBatchShare(share);
            }
            for (Price.Tier tier : fields.above) {
                price = price.withAbove(tier.promptTokens(), tier.price());
            }
            if (prices.computeIfAbsent(model, first -> new TreeMap<>()).put(fields.from, price) != null) {
                throw new IllegalArgumentException("two prices of " + model + " from the same day");
            }
        }
    }

    private Fields readFields(boolean ofModel) {
        expect(JsonToken.START_OBJECT, parser.currentToken());
        Fields fields = new Fields();
        for (String field = parser.nextName(); field != null; field = parser.nextName()) {
            parser.nextToken();
            switch (field) {
                case "input" -> fields.input = money();
                case "cachedInput" -> fields.cachedInput = money();
                case "cacheWrite" -> fields.cacheWrite = money();
                case "longCacheWrite" -> fields.longCacheWrite = money();
                case "output" -> fields.output = money();
                default -> {
                    if (ofModel) {
                        readModelField(field, fields);
                    } else if (field.equals("promptTokens")) {
                        expect(JsonToken.VALUE_NUMBER_INT, parser.currentToken());
                        fields.promptTokens = parser.getLongValue();
                    } else {
                        throw new IllegalArgumentException("unknown field '" + field
                                + "', known: promptTokens, input, cachedInput, cacheWrite, longCacheWrite, output");
                    }
                }
            }
        }
        return fields;
    }

    private void readModelField(String field, Fields fields) {
        switch (field) {
            case "model" -> fields.model = text();
            case "from" -> fields.from = LocalDate.parse(text());
            case "batchShare" -> fields.batchShare = money();
            case "above" -> {
                expect(JsonToken.START_ARRAY, parser.currentToken());
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    Fields tier = readFields(false);
                    fields.above.add(new Price.Tier(tier.promptTokens, tier.price()));
                }
            }
            default ->
                throw new IllegalArgumentException(
                        "unknown field '" + field
                                + "', known: model, from, input, cachedInput, cacheWrite, longCacheWrite, output, above, batchShare");
        }
    }

    private BigDecimal money() {
        if (!parser.currentToken().isNumeric()) {
            throw new IllegalArgumentException("a price is a number of dollars, not " + parser.currentToken());
        }
        return new BigDecimal(parser.getString());
    }

    private String text() {
        expect(JsonToken.VALUE_STRING, parser.currentToken());
        return parser.getString();
    }

    private static void expect(JsonToken expected, @Nullable JsonToken found) {
        if (found != expected) {
            throw new IllegalArgumentException("expected " + expected + ", found " + found);
        }
    }

    private static <T> T required(@Nullable T value, String field) {
        if (value == null) {
            throw new IllegalArgumentException("the field '" + field + "' is missing");
        }
        return value;
    }

    /** The fields of a model or of a tier as they come. */
    private static final class Fields {

        private @Nullable String model;
        private LocalDate from = LocalDate.MIN;
        private @Nullable BigDecimal input;
        private @Nullable BigDecimal cachedInput;
        private @Nullable BigDecimal cacheWrite;
        private @Nullable BigDecimal longCacheWrite;
        private @Nullable BigDecimal output;
        private @Nullable BigDecimal batchShare;
        private long promptTokens;
        private final List<Price.Tier> above = new ArrayList<>();

        Price price() {
            BigDecimal in = required(input, "input");
            BigDecimal write = cacheWrite == null ? in : cacheWrite;
            return Price.of(in, required(output, "output"))
                    .withCache(cachedInput == null ? in : cachedInput, write, longCacheWrite);
        }
    }
}
