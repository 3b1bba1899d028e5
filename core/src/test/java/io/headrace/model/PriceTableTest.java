package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PriceTableTest {

    private static final LocalDate DAY = LocalDate.parse("2026-11-22");

    @TempDir
    private Path folder;

    private final PriceTable shipped = PriceTable.shipped();

    @Test
    void datedSnapshot_costsWhatItsModelCosts() {
        assertThat(shipped.price("gpt-4o-mini-2024-07-18", DAY))
                .isPresent()
                .isEqualTo(shipped.price("gpt-4o-mini", DAY));
        assertThat(shipped.price("claude-sonnet-4-5-20250929", DAY))
                .isPresent()
                .isEqualTo(shipped.price("claude-sonnet-4-5", DAY));
        assertThat(shipped.price("gpt-4o-latest", DAY)).isEqualTo(shipped.price("gpt-4o", DAY));
    }

    @Test
    void snapshotWithItsOwnPrice_costsThat() {
        assertThat(input(shipped, "gpt-4o-2024-05-13")).isEqualByComparingTo("5");
    }

    @Test
    void unknownModel_hasNoPrice() {
        for (String model : new String[] {"", "gpt", "gpt-4o-mini-x", "mini", "GPT-4o", "gpt-4o-2024"}) {
            assertThat(shipped.price(model, DAY)).as(model).isEmpty();
        }
    }

    @Test
    void price_holdsFromItsFirstDay() {
        assertThat(shipped.price("claude-sonnet-5-5", LocalDate.parse("2026-10-06"))
                        .orElseThrow()
                        .cachedInput())
                .isEqualByComparingTo("0.20");
        assertThat(shipped.price("claude-sonnet-5-5", LocalDate.parse("2026-10-07"))
                        .orElseThrow()
                        .cachedInput())
                .isEqualByComparingTo("0.10");
    }

    @Test
    void ownPrice_overrules() {
        PriceTable own = shipped.with("gpt-4o", Price.of(BigDecimal.ONE, BigDecimal.TEN));
        assertThat(input(own, "gpt-4o-2024-08-06")).isEqualByComparingTo("1");
        assertThat(input(own, "gpt-4o-mini")).isEqualByComparingTo("0.15");
        assertThat(input(shipped, "gpt-4o")).isEqualByComparingTo("2.5");
    }

    @Test
    void file_overrulesAllPricesOfItsModels() throws IOException {
        PriceTable own = shipped.withFile(file("{\"models\": [\n"
                + "{\"model\":\"gemini-3.8-flash\",\"from\":\"2026-01-01\",\"input\":0.1,\"output\":1e-1,"
                + "\"above\":[{\"promptTokens\":10,\"input\":7,\"output\":8}]},\n"
                + "{\"model\":\"mine\",\"input\":0.12345678901234567890,\"output\":2}]}"));
        assertThat(own.price("gemini-3.8-flash", LocalDate.parse("2025-12-31"))).isEmpty();
        assertThat(input(own, "gemini-3.8-flash")).isEqualByComparingTo("0.1");
        assertThat(own.price("gemini-3.8-flash", LocalDate.parse("2027-06-01"))
                        .orElseThrow()
                        .at(11)
                        .input())
                .isEqualByComparingTo("7");
        assertThat(input(own, "mine")).isEqualByComparingTo("0.12345678901234567890");
        assertThat(own.price("mine", DAY).orElseThrow().cachedInput()).isEqualByComparingTo("0.12345678901234567890");
    }

    @Test
    void mistakesInAFile_areNamedWithTheirPlace() throws IOException {
        assertMistake("{\"models\":[\n{\"model\":\"m\",\"input\":1}]}", "line 2", "'output' is missing");
        assertMistake("{\"models\":[{\"input\":1,\"output\":1}]}", "'model' is missing");
        assertMistake("{\"models\":[{\"model\":\"m\",\"inputt\":1}]}", "unknown field 'inputt'");
        assertMistake("{\"models\":[{\"model\":\"m\",\"input\":\"1\",\"output\":1}]}", "a number of dollars");
        assertMistake("{\"models\":[{\"model\":\"m\",\"input\":-1,\"output\":1}]}", "negative");
        assertMistake("{\"models\":[{\"model\":\"m\",\"from\":\"soon\"}]}", "soon");
        assertMistake(
                "{\"models\":[{\"model\":\"m\",\"above\":[{\"promptTokens\":0,\"input\":1,\"output\":1}]}]}", "tier");
        String one = "{\"model\":\"m\",\"input\":1,\"output\":1}";
        assertMistake("{\"models\":[" + one + "," + one + "]}", "two prices of m");
        assertMistake("{\"prices\":[]}", "unknown field 'prices'");
        assertMistake("[]", "START_OBJECT");
        assertMistake("{\"models\":[", "not JSON");
        assertMistake("{\"models\":[1]}", "START_OBJECT");
        assertMistake("", "START_OBJECT");
    }

    @Test
    void batch_takesItsShareOfAllPrices_whereItIsKnown() throws IOException {
        Price list = shipped.price("claude-haiku-5-5", DAY).orElseThrow();
        Price batch = list.batch().orElseThrow();
        assertThat(batch.input()).isEqualByComparingTo("0.05");
        assertThat(batch.longCacheWrite()).isEqualByComparingTo("0.10");
        assertThat(batch.above().get(0).price().output()).isEqualByComparingTo("1.25");
        assertThat(batch.batch()).isEmpty();

        PriceTable table =
                shipped.withFile(file("{\"batchShare\":0.4,\"models\":[{\"model\":\"a\",\"input\":1,\"output\":2},"
                        + "{\"model\":\"b\",\"input\":1,\"output\":2,\"batchShare\":0.25}]}"));
        assertThat(batchOutput(table, "a")).isEqualByComparingTo("0.8");
        assertThat(batchOutput(table, "b")).isEqualByComparingTo("0.5");
        assertThat(Price.of(BigDecimal.ONE, BigDecimal.ONE).batch()).isEmpty();
        assertMistake("{\"models\":[{\"model\":\"m\",\"input\":1,\"output\":1,\"batchShare\":2}]}", "batchShare");
    }

    private static BigDecimal batchOutput(PriceTable table, String model) {
        return table.price(model, DAY).flatMap(Price::batch).orElseThrow().output();
    }

    @Test
    void missingFile_isNamed() {
        Path file = folder.resolve("none.json");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shipped.withFile(file))
                .withMessageContaining(file.toString());
    }

    private void assertMistake(String json, String... words) throws IOException {
        Path file = file(json);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shipped.withFile(file))
                .satisfies(e -> assertThat(e.getMessage()).contains(words).contains("prices.json"));
    }

    private Path file(String json) throws IOException {
        return Files.writeString(folder.resolve("prices.json"), json);
    }

    private static BigDecimal input(PriceTable table, String model) {
        Optional<Price> price = table.price(model, DAY);
        return price.orElseThrow().input();
    }
}
