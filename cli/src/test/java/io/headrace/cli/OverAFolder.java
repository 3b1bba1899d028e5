package io.headrace.cli;

import static io.headrace.cli.Cli.plus;

import io.headrace.cli.Cli.Result;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Analyses whose results and answers are in a folder for the test. */
abstract class OverAFolder {

    @TempDir
    Path temp;

    Path out;
    final Cli cli = new Cli();

    @BeforeEach
    final void folders() {
        out = temp.resolve("out");
    }

    final Result analyze(Object... more) {
        return cli.run(plus(new Object[] {"analyze", "--cache", temp.resolve("cache"), "--out", out}, more));
    }

    final Path questions(int count) throws IOException {
        return Cli.questions(temp, count);
    }
}
