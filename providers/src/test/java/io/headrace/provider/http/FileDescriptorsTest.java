package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FileDescriptorsTest {

    @Test
    void enough_saysNothing() {
        assertThat(FileDescriptors.shortage(1_000, 4_096, 100)).isEmpty();
        assertThat(FileDescriptors.shortage(1_000, 1_400, 100)).isEmpty();
        assertThat(FileDescriptors.shortage(1)).isEmpty();
    }

    @Test
    void tooFew_namesBothNumbersAndWhatToDo() {
        assertThat(FileDescriptors.shortage(1_000, 1_024, 100).orElseThrow())
                .contains("1000 connections", "1400 file descriptors", "may open 1024", "ulimit -n 2048", "HTTP/2");
    }

    @Test
    void unknownLimit_saysNothing() {
        assertThat(FileDescriptors.shortage(1_000, -1, -1)).isEmpty();
    }
}
