package io.headrace.dataset;

import static io.headrace.dataset.Rows.all;
import static io.headrace.dataset.Rows.file;
import static io.headrace.dataset.Rows.gzip;
import static io.headrace.dataset.Rows.ids;
import static io.headrace.dataset.Rows.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.test.StepVerifier;

class FolderTest {

    @TempDir
    Path folder;

    @Test
    void readsTextFilesAtAnyDepthInTheOrderOfTheirNames() {
        file(folder, "b.txt", "second\nline");
        file(folder, "a/z.md", "first");
        file(folder, "c/d/e.txt.gz", gzip("third"));
        file(folder, "image.png", new byte[] {1, 2});
        file(folder, ".hidden/x.txt", "no");
        file(folder, ".hidden.txt", "no");

        Dataset<String> dataset = Dataset.folder(folder);
        assertThat(ids(dataset)).containsExactly("a/z.md", "b.txt", "c/d/e.txt.gz");
        assertThat(values(dataset)).containsExactly("first", "second\nline", "third");
        assertThat(all(dataset)).extracting(row -> row.item().ordinal()).containsExactly(0L, 1L, 2L);
        assertThat(all(dataset)).allMatch(row -> row.item().version() != 0);
    }

    @Test
    void badFiles_areFailuresWithTheirPath() throws IOException {
        file(folder, "a.txt", " \n");
        file(folder, "b.txt", new byte[] {'x', (byte) 0xFF});
        file(folder, "c.txt", "fine");
        file(folder, "d.txt", new byte[] {'P', 'K', 3, 4});
        Files.createSymbolicLink(folder.resolve("e.txt"), folder.resolve("gone.txt"));
        Files.createSymbolicLink(folder.resolve("loop"), folder);

        String name = String.valueOf(folder.getFileName());
        assertThat(values(Dataset.folder(folder)))
                .hasSize(5)
                .contains(
                        name + "/e.txt: no such file: " + folder.resolve("e.txt"),
                        name + "/a.txt: the file is empty",
                        name + "/b.txt: not UTF-8 at byte 2",
                        "fine");
        assertThat(ids(Dataset.folder(folder))).containsExactly("a.txt", "b.txt", "c.txt", "d.txt", "e.txt");
    }

    @Test
    void namesThatThisProcessCannotSpell_haveIdsOfTheirOwn() throws IOException {
        Files.createDirectory(folder.resolve("sub"));
        for (String name : List.of("a%FF.txt", "a%FE.txt", "b%C3%A4.txt", "c%25%20+:.txt")) {
            Files.writeString(Path.of(URI.create(folder.toUri() + "sub/" + name)), "text");
        }
        String[] expected = {"sub/a%FE.txt", "sub/a%FF.txt", "sub/b\u00e4.txt", "sub/c% +:.txt"};

        assertThat(ids(Dataset.folder(folder))).containsExactlyInAnyOrder(expected);
        assertThat(FolderIds.ofProcessWithoutLocale(folder)).containsExactlyInAnyOrder(expected);
    }

    @Test
    void namesWithLineBreaks_areReadAsAllOthers() throws IOException {
        for (String name : List.of("a%0Ab.txt", "c%0Dd.md.gz", "e%E2%80%A8f.txt", "g%0Ah/i.txt", "j%C2%85%FF%0A.txt")) {
            Path path = Path.of(URI.create(folder.toUri() + name));
            Files.createDirectories(path.getParent());
            Files.write(path, name.endsWith(".gz") ? gzip("text") : new byte[] {'t'});
        }
        file(folder, "k\n.png", "no");

        assertThat(ids(Dataset.folder(folder)))
                .containsExactlyInAnyOrder("a\nb.txt", "c\rd.md.gz", "e\u2028f.txt", "g\nh/i.txt", "j%C2%85%FF%0A.txt");
        assertThat(FolderIds.ofProcessWithoutLocale(folder))
                .contains("e\u2028f.txt", "j%C2%85%FF%0A.txt")
                .endsWith("h/i.txt", "j%C2%85%FF%0A.txt");
        assertThat(ids(Dataset.folder(folder, "a\nb.*"))).containsExactly("a\nb.txt");
        assertThat(ids(Dataset.folder(folder, "{a?b,g?h/*}.txt"))).containsExactly("a\nb.txt", "g\nh/i.txt");
    }

    @Test
    void glob_choosesFiles() {
        file(folder, "src/A.java", "class A {}");
        file(folder, "src/a.txt", "text");

        assertThat(ids(Dataset.folder(folder, "**.java"))).containsExactly("src/A.java");
        assertThatThrownBy(() -> Dataset.folder(folder, "[")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void check_saysWhatIsThereInstead() {
        file(folder, "image.png", new byte[] {1});

        assertThatThrownBy(() -> Dataset.folder(folder).check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("it holds: image.png");
        assertThatThrownBy(() -> Dataset.folder(folder.resolve("none")).check()).hasMessageContaining("no such folder");
        assertThatThrownBy(() -> Dataset.folder(folder.resolve("image.png")).check())
                .hasMessageContaining("is a file, not a folder");
        StepVerifier.create(Dataset.folder(folder.resolve("none")).items()).verifyError(IllegalArgumentException.class);
    }

    @Test
    void folderThatCannotBeListed_isOneFailureWithTheReason_andThoseBesideItAreRead() {
        file(folder, "a.txt", "x");
        file(folder, "sub/a.txt", "x");
        file(folder, "z.txt", "x");
        Path sub = folder.resolve("sub");
        assumeTrue(sub.toFile().setReadable(false) && !Files.isReadable(sub), "this user may read every folder");

        Dataset<String> dataset = Dataset.folder(folder);
        dataset.check();
        assertThat(ids(dataset)).containsExactly("a.txt", "sub", "z.txt");
        assertThat(values(dataset).get(1).toString())
                .contains("/sub: cannot list the folder " + sub + ": java.nio.file.AccessDeniedException");
    }

    @Test
    void folderThatItselfCannotBeListed_isAnErrorBeforeTheFirstRow() {
        file(folder, "sub/a.txt", "x");
        Path sub = folder.resolve("sub");
        assumeTrue(sub.toFile().setReadable(false) && !Files.isReadable(sub), "this user may read every folder");

        assertThatThrownBy(() -> Dataset.folder(sub).check())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot list the folder " + sub + ": java.nio.file.AccessDeniedException");
    }

    @Test
    void manyFiles_underSlowDemand() {
        for (int i = 0; i < 100; i++) {
            file(folder, "f%03d.txt".formatted(i), "text " + i);
        }

        StepVerifier.create(Dataset.folder(folder).items().map(Rows::value), 1)
                .expectNext("text 0")
                .thenRequest(200)
                .expectNextCount(99)
                .verifyComplete();
    }
}
