package io.headrace.dataset;

import static io.headrace.dataset.Rows.all;
import static io.headrace.dataset.Rows.file;
import static io.headrace.dataset.Rows.ids;
import static io.headrace.dataset.Rows.onlyFailure;
import static io.headrace.dataset.Rows.value;
import static io.headrace.dataset.Rows.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.headrace.Codec;
import io.headrace.Outcome;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

class JsonlTest {

    @TempDir
    Path folder;

    record Question(String question, int points) {
        Question {
            if (points < 0) {
                throw new IllegalArgumentException("negative points");
            }
        }
    }

    @Test
    void text_readsOneFieldOfEachRow() {
        Path path =
                file(folder, "a.jsonl", "{\"n\":1,\"q\":\"one\"}\n{\"q\":\"two\\n\\u00e9\",\"x\":{\"q\":\"no\"}}\n");

        assertThat(values(Dataset.jsonl(path).text("q"))).containsExactly("one", "two\né");
    }

    @Test
    void typed_readsRecordsAndIgnoresUnknownFields() {
        Path path = file(folder, "a.jsonl", "{\"question\":\"one\",\"points\":3,\"more\":[1,2]}");

        assertThat(values(Dataset.jsonl(path).as(Question.class))).containsExactly(new Question("one", 3));
        assertThat(values(Dataset.jsonl(path).as(Codec.json(Question.class)))).containsExactly(new Question("one", 3));
    }

    @Test
    void typed_rowThatDoesNotFitTheType_isFailedWithItsId() {
        Path path = file(
                folder,
                "a.jsonl",
                "{\"id\":\"a\",\"question\":\"one\",\"points\":\"many\"}\n"
                        + "{\"id\":\"b\",\"question\":\"one\",\"points\":-1}\n"
                        + "{\"id\":\"c\",\"question\":\"one\",\"points\":1}");

        List<Outcome<Question>> rows = all(Dataset.jsonl(path).idField("id").as(Question.class));
        assertThat(rows.get(0)).isInstanceOf(Outcome.Failed.class);
        assertThat(rows.get(0).item().id()).isEqualTo("a");
        assertThat((String) value(rows.get(1))).contains("a.jsonl line 2").contains("negative points");
        assertThat(rows.get(2)).isInstanceOf(Outcome.Ok.class);
    }

    @Test
    void maps_keepJsonTypesAndOrder() {
        Path path = file(
                folder, "a.jsonl", "{\"z\":1,\"a\":[1.5,null,true],\"m\":{\"k\":\"v\"},\"big\":123456789012345678901}");

        @SuppressWarnings("unchecked")
        Map<String, Object> row =
                (Map<String, Object>) values(Dataset.jsonl(path).maps()).get(0);
        assertThat(row.keySet()).containsExactly("z", "a", "m", "big");
        assertThat(row.get("z")).isEqualTo(1);
        assertThat(row.get("a")).isEqualTo(Arrays.asList(1.5, null, true));
        assertThat(row.get("m")).isEqualTo(Map.of("k", "v"));
        assertThat(row.get("big")).hasToString("123456789012345678901");
    }

    @Test
    void idField_takesStringsAndNumbers() {
        Path path = file(
                folder, "a.jsonl", "{\"id\":\"x/1\",\"t\":\"a\"}\n{\"id\":17,\"t\":\"b\"}\n{\"id\":1.50,\"t\":\"c\"}");

        assertThat(ids(Dataset.jsonl(path).idField("id").text("t"))).containsExactly("x/1", "17", "1.50");
        assertThat(ids(Dataset.jsonl(path).idField("id").maps())).containsExactly("x/1", "17", "1.50");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"t\":\"a\"}|no field 'id'; the row has: t",
                "{\"id\":null,\"t\":\"a\"}|holds null",
                "{\"id\":\"  \",\"t\":\"a\"}|is blank",
                "{\"id\":true,\"t\":\"a\"}|holds a boolean",
                "{\"id\":{\"t\":1},\"t\":\"a\"}|holds an object",
                "{\"id\":[1],\"t\":\"a\"}|holds an array",
                "{\"id\":1,\"id\":1,\"t\":\"a\"}|'id' occurs twice",
                "{\"id\":1,\"t\":\"a\",\"t\":\"b\"}|'t' occurs twice",
                "{\"id\":1}|no field 't'; the row has: id",
                "{\"id\":1,\"t\":5}|holds a number, not a string",
                "{\"id\":1,\"t\":null}|holds null, not a string",
                "{}|the row has: none",
            })
    void rowWithoutWhatIsNeeded_isFailedAndSaysWhy(String row, String reason) {
        Dataset<String> dataset =
                Dataset.jsonl(file(folder, "a.jsonl", row)).idField("id").text("t");

        assertThat(onlyFailure(dataset).message())
                .startsWith("a.jsonl line 1: ")
                .contains(reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"t\":\"a\"|Unexpected end",
                "{\"t\":\"a|Unexpected end",
                "{\"t\":\"a\"} x|column 11",
                "{\"t\":\"a\"}{\"t\":\"b\"}|something follows",
                "{\"t\":\"a\"},|not valid JSON at column 10",
                "{\"t\":\"a\" \"u\":1}|not valid JSON",
                "{'t':'a'}|not valid JSON",
                "{\"t\":NaN}|not valid JSON",
                "[{\"t\":\"a\"}]|jq -c",
                "\"text\"|must be a JSON object, not a string",
                "17|must be a JSON object, not a number",
                "null|must be a JSON object, not null",
                "plain secret words|Unrecognized token",
                "{\"t\":\"\\ud800\"}|half a surrogate pair",
                "{\"t\":\"\\udc00\\ud800\"}|half a surrogate pair",
                "{\"t\":\"a\",\"\\uD83dx\":1}|half a surrogate pair",
            })
    void malformedRow_isOneFailureThatSaysWhere(String row, String reason) {
        Path path = file(folder, "a.jsonl", "\n{\"t\":\"before\"}\n\n" + row + "\n{\"t\":\"after\"}\n");

        for (Dataset<?> dataset : List.of(
                Dataset.jsonl(path).text("t"),
                Dataset.jsonl(path).maps(),
                Dataset.jsonl(path).as(Map.class))) {
            List<Object> values = values(dataset);
            assertThat(values).hasSize(3);
            assertThat((String) values.get(1))
                    .startsWith("a.jsonl line 4: ")
                    .contains(reason)
                    .doesNotContain("Source")
                    .doesNotContain("secret");
        }
    }

    @Test
    void surrogatePairsAndEscapedBackslashes_areText() {
        Path path = file(folder, "a.jsonl", "{\"t\":\"\\ud83d\\ude00 \\\\ud800 \\\"\"}");

        assertThat(values(Dataset.jsonl(path).text("t"))).containsExactly("😀 \\ud800 \"");
    }

    @Test
    void nulByteInARow_isMalformed() {
        Dataset<String> dataset =
                Dataset.jsonl(file(folder, "a.jsonl", "{\"t\":\"a\0b\"}")).text("t");

        assertThat(onlyFailure(dataset).message()).contains("not valid JSON");
    }

    @Test
    void invalidUtf8_isFailedWithThePlace() {
        byte[] row = "{\"t\":\"a?\"}".getBytes(StandardCharsets.UTF_8);
        row[7] = (byte) 0xC3;
        Dataset<String> dataset = Dataset.jsonl(file(folder, "a.jsonl", row)).text("t");

        assertThat(onlyFailure(dataset).message()).isEqualTo("a.jsonl line 1: not UTF-8 at byte 8 of the row");
    }

    @Test
    void deepNestingAndHugeNumbers_areHandledRowByRow() {
        String deep = "{\"t\":\"a\",\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}\n";
        String huge = "{\"t\":\"b\",\"x\":1" + "0".repeat(5_000) + "}\n";
        String exponent = "{\"t\":\"c\",\"x\":1e999999999}\n";
        Path path = file(folder, "a.jsonl", deep + huge + exponent + "{\"t\":\"d\"}\n");

        List<Object> values = values(Dataset.jsonl(path).text("t"));
        assertThat(values).hasSize(4);
        assertThat((String) values.get(0)).contains("line 1: not valid JSON").contains("depth");
        assertThat(values.get(2)).isEqualTo("c");
        assertThat(values.get(3)).isEqualTo("d");
        assertThat(values(Dataset.jsonl(path).maps())).hasSize(4);
    }

    @Test
    void blankLinesCrLfBomAndMissingLastLineFeed_areTolerated() {
        Path path = file(folder, "a.jsonl", "\uFEFF\r\n{\"t\":\"a\"}\r\n \t\r\n\n{\"t\":\r\n{\"t\":\"b\"}");

        List<Outcome<String>> rows = all(Dataset.jsonl(path).text("t"));
        assertThat(rows).extracting(row -> row.item().ordinal()).containsExactly(0L, 1L, 2L);
        assertThat(value(rows.get(0))).isEqualTo("a");
        assertThat((String) value(rows.get(1))).startsWith("a.jsonl line 5:");
        assertThat(value(rows.get(2))).isEqualTo("b");
    }

    @Test
    void emptyFile_hasNoRows() {
        Dataset<String> dataset = Dataset.jsonl(file(folder, "a.jsonl", "")).text("t");

        assertThat(all(dataset)).isEmpty();
        assertThatCode(dataset::check).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 65_000, 200_000})
    void rowAboveTheCap_isOneFailureAndTheRestGoesOn(int max) {
        String fits = "{\"t\":\"" + "x".repeat(max - 8) + "\"}";
        String tooLong = "{\"t\":\"" + "x".repeat(3 * max) + "\"}";
        Path path = file(folder, "a.jsonl", fits + "\n" + tooLong + "\n" + fits + "\r\n" + tooLong);

        List<Outcome<String>> rows = all(Dataset.jsonl(path).maxRowBytes(max).text("t"));
        assertThat(rows).hasSize(4);
        assertThat(rows.get(0)).isInstanceOf(Outcome.Ok.class);
        assertThat(value(rows.get(1))).isEqualTo("a.jsonl line 2: longer than the " + max + " bytes allowed");
        assertThat(rows.get(2)).isInstanceOf(Outcome.Ok.class);
        assertThat((String) value(rows.get(3))).startsWith("a.jsonl line 4:");
    }

    @Test
    void idsWithoutAField_arePositionAndContentAndStable() {
        Path path = file(folder, "a.jsonl", "{\"t\":\"a\"}\n{\"t\":\"a\"}\n{\"t\":");
        Dataset<String> dataset = Dataset.jsonl(path).text("t");

        List<String> before = ids(dataset);
        assertThat(before).doesNotHaveDuplicates().allMatch(id -> id.matches("\\d-[0-9a-f]{8}"));
        assertThat(before.get(0).substring(1)).isEqualTo(before.get(1).substring(1));
        file(folder, "a.jsonl", "{\"t\":\"a\"}\r\n{\"t\":\"b\"}\n");
        List<String> after = ids(dataset);
        assertThat(after.get(0)).isEqualTo(before.get(0));
        assertThat(after.get(1)).isNotEqualTo(before.get(1));
    }

    @Test
    void version_changesWithTheFieldThatIsRead_andTheIdDoesNot() {
        RowFile rows = Dataset.jsonl(file(folder, "a.jsonl", "{\"q\":\"one\",\"a\":\"two\"}\n{\"q\":3}\n"));

        List<Outcome<String>> questions = all(rows.text("q"));
        List<Outcome<String>> answers = all(rows.text("a"));
        for (int row = 0; row < 2; row++) {
            assertThat(answers.get(row).item().version())
                    .isNotEqualTo(questions.get(row).item().version());
            assertThat(answers.get(row).item().id())
                    .isEqualTo(questions.get(row).item().id());
        }
    }

    @Test
    void version_changesWithTheRow() {
        Path path = file(folder, "a.jsonl", "{\"id\":1,\"t\":\"a\"}");
        Dataset<String> dataset = Dataset.jsonl(path).idField("id").text("t");

        long before = all(dataset).get(0).item().version();
        file(folder, "a.jsonl", "{\"id\":1,\"t\":\"a\",\"u\":1}");
        assertThat(all(dataset).get(0).item().version()).isNotEqualTo(before).isNotZero();
    }

    @Test
    void check_namesAMissingFileOrField() {
        Path path = file(folder, "a.jsonl", "{\"q\":\"a\"}\n{\"q\":\"b\",\"n\":1}");

        assertThatThrownBy(() ->
                        Dataset.jsonl(folder.resolve("no.jsonl")).text("q").check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no such file")
                .hasMessageContaining("no.jsonl");
        assertThatThrownBy(() -> Dataset.jsonl(path).text("t").check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a.jsonl has no field 't'; its first rows have: q, n");
        assertThatThrownBy(() -> Dataset.jsonl(path).idField("id").maps().check())
                .hasMessageContaining("no field 'id'");
        assertThatThrownBy(() -> Dataset.jsonl(folder).text("t").check()).hasMessageContaining("is a folder");
        assertThatCode(() -> Dataset.jsonl(path).text("q").check()).doesNotThrowAnyException();
    }

    record Asked(
            String question,
            Optional<String> hint,
            @Nullable String note,
            @JsonProperty("n") Integer points) {}

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Renamed(String theQuestion) {}

    @Test
    void check_namesAComponentThatNoRowHas() {
        Path path = file(folder, "a.jsonl", "{\"q\":\"a\"}\n{\"q\":\"b\",\"points\":1}");

        assertThatThrownBy(() -> Dataset.jsonl(path).as(Question.class).check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a.jsonl has no field 'question'; its first rows have: q, points. Where rows need not have it, let Question say so by an Optional");
        assertThatThrownBy(() -> Dataset.csv(file(folder, "a.csv", "Question,points\na,1\n"))
                        .as(Question.class)
                        .check())
                .hasMessage(
                        "a.csv has no field 'question'; its first rows have: Question, points. Where rows need not have it, let Question say so by an Optional");
        assertThatCode(() -> Dataset.jsonl(path).as(Codec.json(Question.class)).check())
                .doesNotThrowAnyException();
    }

    @Test
    void check_missesNoComponentThatNeedNotBeThere() {
        Path path = file(folder, "a.jsonl", "{\"question\":\"a\"}\n{\"question\":\"b\",\"the_question\":\"c\"}");

        for (Class<?> type : List.of(Asked.class, Renamed.class, Question[].class, Map.class)) {
            assertThatCode(() ->
                            Dataset.jsonl(file(folder, "b.jsonl", "")).as(type).check())
                    .doesNotThrowAnyException();
        }
        Dataset<Asked> asked = Dataset.jsonl(path).as(Asked.class);
        assertThatCode(asked::check).doesNotThrowAnyException();
        assertThat(values(asked)).contains(new Asked("a", Optional.empty(), null, null));
        Dataset<Renamed> renamed = Dataset.jsonl(path).as(Renamed.class);
        assertThatCode(renamed::check).doesNotThrowAnyException();
        assertThat(values(renamed)).contains(new Renamed("c"));
    }

    @Test
    void check_saysThatTheFileIsAnArrayOrPrettyPrinted() {
        Path array = file(folder, "a.json", "[{\"q\":\"a\"},{\"q\":\"b\"}]");
        Path pretty = file(folder, "b.json", "{\n  \"q\": \"a\"\n}\n");

        assertThatThrownBy(() -> Dataset.jsonl(array).text("q").check()).hasMessageContaining("jq -c '.[]'");
        assertThatThrownBy(() -> Dataset.jsonl(pretty).text("q").check())
                .hasMessageContaining("none of the first 3 rows of b.json can be used")
                .hasMessageContaining("line 1");
    }

    @Test
    void check_failsWhenNoFirstRowFitsTheType() {
        Path path = file(folder, "a.jsonl", "{\"question\":\"a\",\"points\":-1}");

        assertThatThrownBy(() -> Dataset.jsonl(path).as(Question.class).check())
                .hasMessageContaining("negative points");
    }

    @Test
    void signature_saysFileAndFields() {
        Path path = folder.resolve("x").resolve("..").resolve("a.jsonl");

        assertThat(Dataset.jsonl(path).idField("id").text("q").signature())
                .isEqualTo("jsonl " + folder.resolve("a.jsonl").toAbsolutePath() + " text=q id=id");
        assertThat(Dataset.jsonl(path).as(Question.class).take(3).signature()).endsWith("JsonlTest$Question take=3");
    }

    @Test
    void arguments_areChecked() {
        RowFile file = Dataset.jsonl(folder);
        assertThatThrownBy(() -> file.maxRowBytes(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> file.idField(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> file.text(null)).isInstanceOf(NullPointerException.class);
    }
}
