package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.headrace.testkit.SimulatedQuota.Rate;
import io.headrace.testkit.SimulatorChange.KeyState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the JSON of {@link SimulatorScript#parse}; what it does not know it refuses, so that no typing error is a quota less. */
final class ScriptReader {

    private static final double MOST_SECONDS = 1e9;

    private ScriptReader() {}

    static SimulatorScript read(byte[] json) {
        JsonNode list = Json.value(json);
        if (!list.isArray()) {
            throw new IllegalArgumentException("a script is a JSON array of changes");
        }
        List<SimulatorScript.Step> steps = new ArrayList<>();
        for (JsonNode each : list) {
            String place = "change " + (steps.size() + 1);
            try {
                object(each);
                Duration after = seconds(each, "afterSeconds");
                steps.add(new SimulatorScript.Step(after == null ? Duration.ZERO : after, change(each)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(place + " of the script: " + e.getMessage(), e);
            }
        }
        return new SimulatorScript(steps);
    }

    private static SimulatorChange change(JsonNode json) {
        if (json.has("quota")) {
            only(json, "afterSeconds", "quota", "key", "model");
            return new SimulatorChange.Quota(
                    json.path("key").asString(""), json.path("model").asString(""), quota(json.path("quota")));
        }
        if (json.has("timesQuotas")) {
            only(json, "afterSeconds", "timesQuotas");
            return SimulatorChange.timesQuotas(number(json, "timesQuotas"));
        }
        if (json.has("stormSeconds")) {
            only(json, "afterSeconds", "stormSeconds", "retryAfterSeconds");
            Duration lasting = seconds(json, "stormSeconds");
            return SimulatorChange.storm(lasting == null ? Duration.ZERO : lasting, seconds(json, "retryAfterSeconds"));
        }
        if (json.has("state")) {
            only(json, "afterSeconds", "state", "key");
            return SimulatorChange.key(json.path("key").asString(""), constant(KeyState.class, json, "state"));
        }
        if (json.has("workers")) {
            only(json, "afterSeconds", "workers");
            return SimulatorChange.workers(count(json, "workers"));
        }
        throw new IllegalArgumentException(
                "it has none of quota, timesQuotas, stormSeconds, state, workers, but " + json.propertyNames());
    }

    private static SimulatedQuota quota(JsonNode json) {
        object(json);
        only(
                json,
                "requests",
                "tokens",
                "inputTokens",
                "outputTokens",
                "maxConcurrent",
                "outputCharge",
                "minRetryAfterSeconds",
                "countsRefused");
        SimulatedQuota quota = SimulatedQuota.unlimited();
        quota = limit(quota, Dimension.REQUESTS, json, "requests");
        quota = limit(quota, Dimension.TOKENS, json, "tokens");
        quota = limit(quota, Dimension.INPUT_TOKENS, json, "inputTokens");
        quota = limit(quota, Dimension.OUTPUT_TOKENS, json, "outputTokens");
        if (json.has("maxConcurrent")) {
            quota = quota.maxConcurrent(count(json, "maxConcurrent"));
        }
        if (json.has("outputCharge")) {
            quota = quota.outputCharge(constant(OutputCharge.class, json, "outputCharge"));
        }
        Duration minRetryAfter = seconds(json, "minRetryAfterSeconds");
        if (minRetryAfter != null) {
            quota = quota.minRetryAfter(minRetryAfter);
        }
        return quota.countsRefused(json.path("countsRefused").asBoolean(false));
    }

    private static SimulatedQuota limit(SimulatedQuota quota, Dimension dimension, JsonNode json, String field) {
        JsonNode rate = json.path(field);
        if (rate.isMissingNode()) {
            return quota;
        }
        object(rate);
        only(rate, "perMinute", "burst");
        long perMinute = whole(rate, "perMinute");
        return quota.limit(dimension, new Rate(perMinute, rate.has("burst") ? whole(rate, "burst") : perMinute));
    }

    private static void object(JsonNode json) {
        if (!json.isObject()) {
            throw new IllegalArgumentException("not a JSON object but " + json);
        }
    }

    private static void only(JsonNode json, String... known) {
        for (String field : json.propertyNames()) {
            if (!Set.of(known).contains(field)) {
                throw new IllegalArgumentException(
                        "unknown field '" + field + "', known here are " + String.join(", ", known));
            }
        }
    }

    private static @Nullable Duration seconds(JsonNode json, String field) {
        if (!json.has(field)) {
            return null;
        }
        double seconds = number(json, field);
        if (!(seconds >= 0 && seconds <= MOST_SECONDS)) {
            throw new IllegalArgumentException(field + " must be 0 to 1000000000, is " + json.path(field));
        }
        return Duration.ofNanos(Math.round(seconds * 1e9));
    }

    private static double number(JsonNode json, String field) {
        JsonNode value = json.path(field);
        if (!value.isNumber()) {
            throw new IllegalArgumentException(field + " must be a number, is " + value);
        }
        return value.asDouble();
    }

    private static long whole(JsonNode json, String field) {
        JsonNode value = json.path(field);
        if (!value.canConvertToLong() || !value.isIntegralNumber()) {
            throw new IllegalArgumentException(field + " must be a whole number, is " + value);
        }
        return value.asLong();
    }

    private static int count(JsonNode json, String field) {
        long number = whole(json, field);
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(field + " must be 0 to " + Integer.MAX_VALUE + ", is " + number);
        }
        return (int) number;
    }

    private static <E extends Enum<E>> E constant(Class<E> type, JsonNode json, String field) {
        String name = json.path(field).asString("");
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name.toUpperCase(Locale.ROOT))) {
                return constant;
            }
        }
        throw new IllegalArgumentException("unknown " + field + " '" + name + "'");
    }
}
