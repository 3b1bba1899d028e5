package io.headrace.examples.analysis;

import io.headrace.dataset.Dataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Thirty short documents on many subjects, written for this project, to try pipelines on. Stateless. */
public final class ShippedDocuments {

    private static final String RESOURCE = "/io/headrace/examples/documents.jsonl";

    private ShippedDocuments() {}

    /** The texts of the documents, with their ids. */
    public static Dataset<String> dataset() {
        URL resource = Objects.requireNonNull(ShippedDocuments.class.getResource(RESOURCE), RESOURCE);
        try {
            return Dataset.jsonl(path(resource.toURI())).idField("id").text("text");
        } catch (URISyntaxException e) {
            throw new IllegalStateException("a resource with a strange address: " + resource, e);
        }
    }

    /** The path of a file or of an entry of a jar, which then stays open with the process: a dataset may be read any time. */
    static Path path(URI resource) {
        if (resource.getScheme().equals("jar")) {
            try {
                FileSystems.newFileSystem(resource, Map.of());
            } catch (FileSystemAlreadyExistsException e) {
                return Path.of(resource);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + resource, e);
            }
        }
        return Path.of(resource);
    }
}
