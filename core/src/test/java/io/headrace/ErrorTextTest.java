package io.headrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import org.junit.jupiter.api.Test;

class ErrorTextTest {

    /** An error that cannot say what it is about. */
    private static final class Mute extends RuntimeException {

        @Override
        public String getMessage() {
            throw new IllegalStateException("do not ask");
        }
    }

    @Test
    void message_isWhatTheErrorSays_elseItsType() {
        assertThat(ErrorText.message(new IOException("the disk is full"))).isEqualTo("the disk is full");
        assertThat(ErrorText.message(new IOException())).isEqualTo("java.io.IOException");
        assertThat(ErrorText.of(new IOException("the disk is full")))
                .isEqualTo("java.io.IOException: the disk is full");
    }

    @Test
    void errorThatThrowsWhenItIsAsked_isKnownByItsType() {
        assertThat(ErrorText.message(new Mute())).endsWith("ErrorTextTest$Mute");
        assertThat(ErrorText.of(new Mute())).endsWith("ErrorTextTest$Mute");
        Mute mute = new Mute();
        assertThat(ErrorText.forLog(mute).toString()).endsWith("ErrorTextTest$Mute");
        assertThat(ErrorText.forLog(mute).getStackTrace()).isEqualTo(mute.getStackTrace());
    }

    @Test
    void interruptOfAThreadAtAFile_isNamed() {
        assertThat(ErrorText.message(new ClosedByInterruptException())).isEqualTo("the thread was interrupted");
        assertThat(ErrorText.message(new FileLockInterruptionException())).isEqualTo("the thread was interrupted");
    }
}
