package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A request to Messages or to count tokens, and what Anthropic would say is wrong with it. */
final class AnthropicRequest {

    static final Wire.Problem VERSION_MISSING = Wire.Problem.invalid("anthropic-version: header is required");

    /** The version from which sampling parameters are refused, and messages may be of the system. */
    private static final String WITHOUT_SAMPLING = "2026-10-21";

    private static final int MOST_MARKS = 4;
    private static final int LEAST_BUDGET = 1024;

    /** What shapes the answer only: refused where tokens are counted. */
    private static final List<String> UNCOUNTED = List.of(
            "max_tokens", "metadata", "service_tier", "stop_sequences", "stream", "temperature", "top_k", "top_p");

    final ChatBody body;
    private final JsonNode tree;
    private final String version;

    /**
     * @throws tools.jackson.core.JacksonException if the bytes are not a JSON object
     */
    AnthropicRequest(HttpHeaders headers, byte[] json) {
        this.body = ChatBody.parse(json);
        this.tree = Json.tree(Json.parser(json));
        this.version = headers.get("anthropic-version", "").trim();
        // without thinking the effort spends nothing, and the default is high
        this.body.effort = !thinks() ? "" : body.effort.isEmpty() ? "high" : body.effort;
    }

    boolean thinks() {
        String type = tree.at("/thinking/type").asString("");
        return type.equals("enabled") || type.equals("adaptive");
    }

    AnthropicPrompt prompt() {
        return AnthropicPrompt.of(tree);
    }

    /** What the provider signs its thoughts with, so that nobody else can put thoughts into its mouth. */
    static String signature(String thoughts) {
        try {
            byte[] sha = MessageDigest.getInstance("SHA-256").digest(thoughts.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(sha);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** What is wrong as a request for a message, null if nothing is. */
    Wire.@Nullable Problem messageProblem() {
        Wire.Problem problem = problem();
        if (problem != null) {
            return problem;
        }
        if (body.maxTokens < 0) {
            return Wire.Problem.invalid("max_tokens: Field required");
        }
        if (body.maxTokens == 0) {
            return Wire.Problem.invalid("max_tokens: Input should be greater than or equal to 1");
        }
        if (body.sampling != null && version.compareTo(WITHOUT_SAMPLING) >= 0) {
            return Wire.Problem.invalid(body.sampling + ": Extra inputs are not permitted");
        }
        double temperature = tree.path("temperature").asDouble(0);
        if (temperature < 0 || temperature > 1) {
            return Wire.Problem.invalid("temperature: range: 0..1");
        }
        return tree.at("/thinking/budget_tokens").asInt(0) >= body.maxTokens
                ? Wire.Problem.invalid("`max_tokens` must be greater than `thinking.budget_tokens`")
                : null;
    }

    /** What is wrong as a request to count tokens, null if nothing is. */
    Wire.@Nullable Problem countProblem() {
        for (String field : UNCOUNTED) {
            if (tree.has(field)) {
                return Wire.Problem.invalid(field + ": Extra inputs are not permitted");
            }
        }
        return problem();
    }

    private Wire.@Nullable Problem problem() {
        if (version.isEmpty()) {
            return VERSION_MISSING;
        }
        if (body.model().isEmpty()) {
            return Wire.Problem.invalid("model: Field required");
        }
        if (body.turns == null) {
            return Wire.Problem.invalid("messages: Field required");
        }
        if (body.turns.isEmpty()) {
            return Wire.Problem.invalid("messages: at least one message is required");
        }
        long marks = prompt().marks();
        if (marks > MOST_MARKS) {
            return Wire.Problem.invalid(
                    "A maximum of " + MOST_MARKS + " blocks with cache_control may be provided. Found " + marks + ".");
        }
        if (tree.at("/thinking/type").asString("").equals("enabled")
                && tree.at("/thinking/budget_tokens").asInt(0) < LEAST_BUDGET) {
            return Wire.Problem.invalid(
                    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
        }
        return messagesProblem();
    }

    private Wire.@Nullable Problem messagesProblem() {
        Set<String> called = Set.of();
        int index = 0;
        for (JsonNode message : tree.path("messages")) {
            String place = "messages." + index++;
            String role = message.path("role").asString("");
            boolean isSystem = role.equals("system") && version.compareTo(WITHOUT_SAMPLING) >= 0;
            if (!role.equals("user") && !role.equals("assistant") && !isSystem) {
                return Wire.Problem.invalid(place + ".role: Input should be 'user' or 'assistant'");
            }
            JsonNode content = message.path("content");
            if (content.isMissingNode()) {
                return Wire.Problem.invalid(place + ".content: Field required");
            }
            Wire.Problem problem = null;
            Set<String> answered = new HashSet<>();
            Set<String> calls = new HashSet<>();
            for (JsonNode block : content) {
                answered.add(block.path("tool_use_id").asString(""));
                if (block.path("type").asString("").equals("tool_use")) {
                    calls.add(block.path("id").asString(""));
                }
                problem = problem == null ? blockProblem(place, role, block) : problem;
            }
            if (problem != null) {
                return problem;
            }
            answered.remove("");
            if (!called.containsAll(answered)) {
                return Wire.Problem.invalid(
                        place + ": unexpected `tool_use_id` found in `tool_result` blocks: " + answered
                                + ". Each `tool_result` block must have a corresponding `tool_use` block in the previous message.");
            }
            if (!answered.containsAll(called)) {
                return Wire.Problem.invalid(
                        place + ": `tool_use` ids were found without `tool_result` blocks immediately after: " + called
                                + ".");
            }
            called = calls;
        }
        return null;
    }

    private Wire.@Nullable Problem blockProblem(String place, String role, JsonNode block) {
        String type = block.path("type").asString("");
        boolean isNewer = version.compareTo(WITHOUT_SAMPLING) >= 0;
        if (type.equals("text") && block.path("text").asString("").isEmpty()) {
            return Wire.Problem.invalid(place + ": text content blocks must be non-empty");
        }
        if (type.equals("thinking")
                && !block.path("signature")
                        .asString("")
                        .equals(signature(block.path("thinking").asString("")))) {
            return Wire.Problem.invalid(place + ": Invalid `signature` in `thinking` block");
        }
        if (isNewer && type.equals("document") && role.equals("assistant")) {
            return Wire.Problem.invalid(place + ": document blocks are not permitted in assistant messages");
        }
        return isNewer
                        && type.equals("text")
                        && role.equals("user")
                        && !block.path("citations").isEmpty()
                ? Wire.Problem.invalid(place + ": citations are not permitted in user messages")
                : null;
    }
}
