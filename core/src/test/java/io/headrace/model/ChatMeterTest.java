package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Usage;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChatMeterTest {

    private final ChatMeter meter = at("2026-11-22");

    @Test
    void answer_costsWhatItsTokensCost() {
        assertCost(meter.cost(answer("gpt-4o-mini-2024-07-18", Usage.of(1_000, 500))), "0.00045");
        assertCost(
                meter.cost(answer("gpt-4o", Usage.of(1_000, 500).withCached(400).withReasoning(300))), "0.007");
    }

    @Test
    void tokensWrittenToThePromptCache_costTheirOwnPrice() {
        Usage usage = Usage.of(1_000_000, 0).withCached(500_000).withCacheWrites(300_000, 100_000);
        assertCost(meter.cost(answer("claude-sonnet-4-5", usage)), "2.1"); // 0.2 x 3 + 0.5 x 0.3 + 0.2 x 3.75 + 0.1 x 6
        assertCost(meter.cost(answer("gpt-4o", Usage.of(1_000_000, 0).withCacheWrites(300_000, 0))), "2.5");
    }

    @Test
    void serviceTier_isPricedWhereItsShareIsKnown() {
        assertCost(meter.cost(ofTier("batch", "gpt-4o")), "0.00375");
        for (String listed : List.of("", "default", "standard", "on_demand")) {
            assertCost(meter.cost(ofTier(listed, "gpt-4o")), "0.0075");
        }
        assertThat(meter.cost(ofTier("flex", "gpt-4o"))).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.cost(ofTier("batch", "my-own-model"))).isEqualTo(Cost.UNKNOWN);
    }

    @Test
    void batchPrice_holdsOnceWhateverTheAnswerSaysOfItsTier() {
        assertCost(meter.batch().cost(ofTier("default", "gpt-4o")), "0.00375");
        assertCost(meter.batch().cost(ofTier("batch", "gpt-4o")), "0.00375");
        assertCost(meter.batch().batch().cost(ofTier("default", "gpt-4o")), "0.00375");
        assertThat(meter.batch().cost(ofTier("default", "my-own-model"))).isEqualTo(Cost.UNKNOWN);
    }

    private static ChatResponse ofTier(String tier, String model) {
        return new ChatResponse(
                "id",
                model,
                List.of(new Choice(0, List.of(new Part.Text("x")), FinishReason.STOP)),
                Usage.of(1_000, 500),
                "",
                tier);
    }

    @Test
    void writesOfUnknownPrice_makeTheCostUnknown() {
        Usage usage = Usage.of(100, 0).withCacheWrites(10, 10);
        assertThat(meter.cost(answer("gpt-6-sol", usage))).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.cost(answer("gpt-6-sol", usage.withCacheWrites(10, 0))).isKnown())
                .isTrue();
    }

    @Test
    void unknownModelOrUsage_isUnknownAndNeverZero() {
        assertThat(meter.cost(answer("my-own-model", Usage.of(1, 1)))).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.cost(answer("", Usage.of(1, 1)))).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.cost(answer("gpt-4o", Usage.UNKNOWN))).isEqualTo(Cost.UNKNOWN);
    }

    @Test
    void longPrompt_costsTheTierForTheWholeRequest() {
        assertCost(meter.cost(answer("gpt-6-sol", Usage.of(272_000, 0))), "0.544");
        assertCost(meter.cost(answer("gpt-6-sol", Usage.of(272_001, 0))), "1.088004");
    }

    @Test
    void price_followsTheDay() {
        ChatResponse answer = answer("gemini-3.8-flash", Usage.of(1_000_000, 0));
        assertCost(at("2026-12-31").cost(answer), "0.75");
        assertCost(at("2027-01-01").cost(answer), "1.5");
        assertCost(at("2026-08-20").cost(answer("gpt-5.6-sol", Usage.of(1_000_000, 0))), "5");
        assertCost(at("2026-08-21").cost(answer("gpt-5.6-sol", Usage.of(1_000_000, 0))), "4");
    }

    @Test
    void ceiling_isNeverBelowTheCostOfAnyPossibleAnswer() {
        String text = "Wie viele \u00c4pfel? \ud83c\udf4e";
        ChatRequest request =
                ChatRequest.builder("gpt-6-sol").user(text).maxOutputTokens(100).build();
        int bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        assertThat(meter.ceiling(request).usd())
                .isGreaterThan(
                        meter.cost(answer("gpt-6-sol", Usage.of(bytes, 100))).usd());
    }

    @Test
    void ceiling_countsTheDearestTierInReach() {
        ChatRequest request = ChatRequest.builder("gpt-6-sol")
                .user("x".repeat(300_000))
                .maxOutputTokens(100)
                .build();
        assertThat(meter.ceiling(request).usd()).isGreaterThan(new BigDecimal("1.5"));
    }

    @Test
    void ceiling_isUnknownWithoutABoundOrAPrice() {
        ChatRequest.Builder known = ChatRequest.builder("gpt-4o").user("x");
        assertThat(meter.ceiling(known.build())).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.ceiling(known.maxOutputTokens(9).build()).isKnown()).isTrue();
        assertThat(meter.ceiling(known.extra("n", 100).build())).isEqualTo(Cost.UNKNOWN);
        assertThat(meter.ceiling(
                        ChatRequest.builder("mine").user("x").maxOutputTokens(9).build()))
                .isEqualTo(Cost.UNKNOWN);
    }

    @Test
    void manyModelNames_doNotGrowTheMeter() {
        for (int i = 0; i < 5_000; i++) {
            assertThat(meter.cost(answer("model-" + i, Usage.of(1, 1)))).isEqualTo(Cost.UNKNOWN);
        }
        assertCost(meter.cost(answer("gpt-4o", Usage.of(1_000_000, 0))), "2.5");
    }

    private static void assertCost(Cost cost, String usd) {
        assertThat(cost.isKnown()).isTrue();
        assertThat(cost.usd()).isEqualByComparingTo(usd);
    }

    private static ChatMeter at(String day) {
        return ChatMeter.of(PriceTable.shipped(), Clock.fixed(Instant.parse(day + "T12:00:00Z"), ZoneOffset.UTC));
    }

    private static ChatResponse answer(String model, Usage usage) {
        return new ChatResponse("1", model, "text", FinishReason.STOP, null, usage);
    }
}
