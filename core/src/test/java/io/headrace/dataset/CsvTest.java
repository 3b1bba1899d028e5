package io.headrace.dataset;

import static io.headrace.dataset.Rows.all;
import static io.headrace.dataset.Rows.file;
import static io.headrace.dataset.Rows.ids;
import static io.headrace.dataset.Rows.value;
import static io.headrace.dataset.Rows.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Outcome;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.test.StepVerifier;

class CsvTest {

    @TempDir
    Path folder;

    record Person(String name, int age, boolean member) {}

    @Test
    void text_readsOneColumn() {
        Path path = file(folder, "a.csv", "id,text\n1,plain\n2,\"quoted, \"\"twice\"\"\"\n");

        assertThat(values(Dataset.csv(path).text("text"))).containsExactly("plain", "quoted, \"twice\"");
        assertThat(ids(Dataset.csv(path).idField("id").text("text"))).containsExactly("1", "2");
    }

    @Test
    void typed_convertsCells() {
        Path path = file(folder, "a.csv", "name,age,member,more\nAda,36,true,x\nBob,old,true,x\n");

        List<Object> values = values(Dataset.csv(path).as(Person.class));
        assertThat(values.get(0)).isEqualTo(new Person("Ada", 36, true));
        assertThat((String) values.get(1)).startsWith("a.csv line 3: ");
    }

    @Test
    void maps_haveTheColumnsInOrder() {
        Path path = file(folder, "a.csv", "\uFEFFz,a\n1,\n");

        assertThat(values(Dataset.csv(path).maps())).containsExactly(Map.of("z", "1", "a", ""));
    }

    @Test
    void cellsWithLineBreaks_keepThemAndTheLineNumbersStayRight() {
        Path path = file(folder, "a.csv", "t,n\r\n\"one\r\ntwo\n\n\",1\r\n\r\nshort\r\nx,2");

        List<Outcome<String>> rows = all(Dataset.csv(path).text("t"));
        assertThat(rows).hasSize(3);
        assertThat(value(rows.get(0))).isEqualTo("one\r\ntwo\n\n");
        assertThat(value(rows.get(1))).isEqualTo("a.csv line 7: the row has 1 cells, the header 2");
        assertThat(value(rows.get(2))).isEqualTo("x");
        assertThat(rows).extracting(row -> row.item().ordinal()).containsExactly(0L, 1L, 2L);
    }

    @Test
    void tooFewAndTooManyCells_areFailuresOfTheirOwn() {
        Path path = file(folder, "a.csv", "a,b\n1\n1,2,3\n1,2\n");

        List<Object> values = values(Dataset.csv(path).text("a"));
        assertThat(values)
                .containsExactly(
                        "a.csv line 2: the row has 1 cells, the header 2",
                        "a.csv line 3: the row has 3 cells, the header 2",
                        "1");
    }

    @Test
    void textBehindAClosingQuote_failsThatRowOnly() {
        Path path = file(folder, "a.csv", "a,b\n\"x\"secret,1\ny,2\n");

        List<Object> values = values(Dataset.csv(path).text("a"));
        assertThat(values).hasSize(2);
        assertThat((String) values.get(0))
                .startsWith("a.csv line 2: not valid CSV")
                .contains("closing quote")
                .doesNotContain("secret");
        assertThat(values.get(1)).isEqualTo("y");
    }

    @Test
    void quoteInsideAPlainCell_isText() {
        Path path = file(folder, "a.csv", "a,b\n5\" disk,1\ny,2\n");

        assertThat(values(Dataset.csv(path).text("a"))).containsExactly("5\" disk", "y");
    }

    @Test
    void quoteThatIsNeverClosed_failsFromItsRowToTheEndOrTheCap() {
        String head = "a,b\nx,1\n\"open,2\n";
        Path toTheEnd = file(folder, "a.csv", head + "y,3\n");
        Path beyondTheCap = file(folder, "b.csv", head + "0123456789,3\n".repeat(25) + "z,4\n");

        List<Object> atEnd = values(Dataset.csv(toTheEnd).text("a"));
        assertThat(atEnd).hasSize(2);
        assertThat((String) atEnd.get(1))
                .startsWith("a.csv line 3: not valid CSV")
                .contains("Unclosed", "lines behind it that are lost in this row: 1");
        List<Object> atCap = values(Dataset.csv(beyondTheCap).maxRowBytes(300).text("a"));
        assertThat(atCap.get(0)).isEqualTo("x");
        assertThat(atCap.get(atCap.size() - 1)).isEqualTo("z");
        assertThat(atCap.stream().filter(value -> value.toString().contains("line")))
                .containsExactly("b.csv line 3: longer than the 300 bytes allowed; is there a quote that is not closed?"
                        + " Lines behind it that are lost in this row: " + (26 + 2 - atCap.size()));
        Path oneLine = file(folder, "c.csv", "a,b\n" + "x".repeat(400) + ",1\n");
        assertThat(values(Dataset.csv(oneLine).maxRowBytes(300).text("a")))
                .containsExactly("c.csv line 2: longer than the 300 bytes allowed");
    }

    @Test
    void headerThatIsTooLong_isSaid_andNoRowTakesItsPlace() {
        Path path = file(folder, "a.csv", "id,\"text\n" + "1,a row\n".repeat(100));
        RowFile rows = Dataset.csv(path).maxRowBytes(200);

        assertThatThrownBy(() -> rows.maps().check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("a.csv: the header is longer than the 200 bytes allowed")
                .hasMessageContaining("a quote");
        StepVerifier.create(rows.maps().items()).verifyError(IllegalArgumentException.class);
    }

    @Test
    void cellsAndColumns_areBoundedByTheLengthOfTheRowOnly() {
        String cell = "x".repeat(RowFile.DEFAULT_MAX_ROW_BYTES + 1);
        Path large = file(folder, "a.csv", "a,b\n" + cell + ",1\n" + cell + ",\"\r\n\"\n");
        Path wide = file(folder, "b.csv", "a" + ",".repeat(40_000) + "\nx" + ",1".repeat(40_000) + "\n");

        assertThat(values(Dataset.csv(large)
                        .maxRowBytes(2 * RowFile.DEFAULT_MAX_ROW_BYTES)
                        .text("a")))
                .allSatisfy(value -> assertThat((String) value).hasSameSizeAs(cell))
                .hasSize(2);
        assertThat(values(Dataset.csv(wide).text("a"))).containsExactly("x");
    }

    @Test
    void carriageReturnsAsLineEnds_areSaid() {
        Path path = file(folder, "a.csv", "a,b\r1,2\r3,4");

        assertThatThrownBy(() -> Dataset.csv(path).text("a").check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a.csv: the header is not valid CSV")
                .hasMessageContaining("line ends");
        StepVerifier.create(Dataset.csv(path).text("a").items()).verifyError(IllegalArgumentException.class);
    }

    @Test
    void headerWithAColumnTwice_isSaid() {
        Path path = file(folder, "a.csv", "a,b,a\n1,2,3\n");

        assertThatThrownBy(() -> Dataset.csv(path).text("a").check())
                .hasMessage("a.csv: the header names the column 'a' twice");
        assertThatThrownBy(() -> Dataset.csv(file(folder, "b.csv", ",a,column1\n1,2,3\n"))
                        .text("a")
                        .check())
                .hasMessage("b.csv: the header names the column 'column1' twice");
    }

    @Test
    void columnsWithoutNames_areNamedByTheirPlaces() {
        Dataset<Map<String, Object>> rows =
                Dataset.csv(file(folder, "a.csv", ",a,,\n1,2,3,\n")).maps();

        assertThat(values(rows)).containsExactly(Map.of("column1", "1", "a", "2", "column3", "3", "column4", ""));
        assertThat(values(Dataset.csv(file(folder, "b.csv", ",a,\n1,2,3\n")).text("column3")))
                .containsExactly("3");
    }

    @Test
    void check_namesAMissingColumn() {
        Path path = file(folder, "a.csv", "a,b\n1,2\n");

        assertThatThrownBy(() -> Dataset.csv(path).text("c").check())
                .hasMessage("a.csv has no field 'c'; its first rows have: a, b");
        assertThatCode(() -> Dataset.csv(path).text("b").check()).doesNotThrowAnyException();
        assertThatThrownBy(() -> Dataset.csv(path, ';').text("b").check()).hasMessageContaining("have: a,b");
    }

    @Test
    void emptyFileAndHeaderAlone_haveNoRows() {
        assertThat(all(Dataset.csv(file(folder, "a.csv", "")).text("a"))).isEmpty();
        assertThat(all(Dataset.csv(file(folder, "b.csv", "a,b\n\n")).text("a"))).isEmpty();
    }

    @Test
    void blankId_isAFailedRow() {
        Path path = file(folder, "a.csv", "id,a\n,x\n2,y\n");

        assertThat(values(Dataset.csv(path).idField("id").text("a")))
                .containsExactly("a.csv line 2: the id field 'id' is blank", "y");
    }

    @Test
    void invalidUtf8_failsThatRowOnly() {
        byte[] bytes = "a,b\n?,1\ny,2\n".getBytes(StandardCharsets.UTF_8);
        bytes[4] = (byte) 0xFF;

        assertThat(values(Dataset.csv(file(folder, "a.csv", bytes)).text("a")))
                .containsExactly("a.csv line 2: not UTF-8 at byte 1 of the row", "y");
    }

    @Test
    void otherSeparators_work() {
        Path path = file(folder, "a.csv", "a;b\n\"x;y\";1,5\n");

        assertThat(values(Dataset.csv(path, ';').maps())).containsExactly(Map.of("a", "x;y", "b", "1,5"));
        assertThatThrownBy(() -> Dataset.csv(path, '"')).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Dataset.csv(path, '→')).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void twoReadingsAtOnce_haveTheirOwnHeader() {
        Dataset<String> dataset =
                Dataset.csv(file(folder, "a.csv", "a,b\n1,2\n")).text("b");

        StepVerifier.create(dataset.items().zipWith(dataset.items()))
                .expectNextCount(1)
                .verifyComplete();
    }
}
