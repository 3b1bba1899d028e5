package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationFileTest {

    @TempDir
    Path folder;

    private ConfigurationFile read(String content) throws IOException {
        return ConfigurationFile.read(Files.writeString(folder.resolve("a.yaml"), content));
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "Null", "NULL", "~", "", " # nothing"})
    void whatYamlReadsAsNull_isAbsent(String value) throws IOException {
        ConfigurationFile file = read("\u00e4: x\nmodel: " + value + "\ntemperature: " + value + "\nseed: 1");
        assertThat(file.text("model")).isEmpty();
        assertThat(file.number("temperature", 0, 2)).isEmpty();
        assertThat(file.whole("seed", 0, 9)).hasValue(1L);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    "null" | null
                    "Null" | Null
                    'NULL' | NULL
                    "~" | ~
                    `|-\\n  Null` | Null
                    nUll | nUll
                    ~x | ~x
                    """)
    void quotesMakeATextOfIt(String value, String text) throws IOException {
        assertThat(read("model: " + value.replace("\\n", "\n")).text("model")).hasValue(text);
    }
}
