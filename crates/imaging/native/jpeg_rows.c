/* JPEG to rows, by libjpeg-turbo's classic interface, which TurboJPEG's does not offer: that one makes
 * whole pictures only.
 *
 * Owns the C side of `decode/jpeg/rows.rs`: the error handling by longjmp, which must not cross into Rust.
 * Refuses to know what the samples mean. The surprising rule: libjpeg-turbo warns where it has filled what
 * was missing with grey; all but the harmless warnings end the decoding here.
 */

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jpeglib.h>

#include <jerror.h>

enum outcome { DONE = 0, DAMAGED = 1, NO_MEMORY = 2, TOO_MANY_SCANS = 3, TOO_MUCH_TIME = 4 };

struct packshot_jpeg {
  struct jpeg_decompress_struct codec;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  int max_scans;
  int64_t end_ns;
};

static struct packshot_jpeg *owner(j_common_ptr codec) { return (struct packshot_jpeg *)codec->client_data; }

static void on_error(j_common_ptr codec) {
  longjmp(owner(codec)->escape, codec->err->msg_code == JERR_OUT_OF_MEMORY ? NO_MEMORY : DAMAGED);
}

/* After these, the pixels are as they were meant. */
static int is_harmless(int warning) {
  return warning == JWRN_EXTRANEOUS_DATA || warning == JWRN_BOGUS_PROGRESSION || warning == JWRN_JFIF_MAJOR ||
         warning == JWRN_ADOBE_XFORM || warning == JWRN_NOT_SEQUENTIAL;
}

static void on_message(j_common_ptr codec, int level) {
  if (level < 0 && !is_harmless(codec->err->msg_code)) longjmp(owner(codec)->escape, DAMAGED);
}

static void print_nothing(j_common_ptr codec) { (void)codec; }

static int64_t thread_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void on_progress(j_common_ptr codec) {
  struct packshot_jpeg *self = owner(codec);
  if (self->codec.input_scan_number > self->max_scans) longjmp(self->escape, TOO_MANY_SCANS);
  if (thread_ns() > self->end_ns) longjmp(self->escape, TOO_MUCH_TIME);
}

void packshot_jpeg_close(struct packshot_jpeg *self) {
  jpeg_destroy_decompress(&self->codec);
  free(self);
}

/* Starts decoding `data`, which must stay where it is until `packshot_jpeg_close`. `channels` of a sample are
 * 1 for grey, 3 for red, green and blue, 4 for inks. The picture is made `eighths` / 8 of its size. `end_ns` is
 * the processor time of the calling thread at which it is given up. Without success there is nothing to close. */
int packshot_jpeg_open(const unsigned char *data, size_t length, int channels, unsigned eighths, int max_scans,
                       int64_t end_ns, struct packshot_jpeg **opened, unsigned *coded_width, unsigned *coded_height,
                       unsigned *width, unsigned *height) {
  struct packshot_jpeg *self = calloc(1, sizeof(*self));
  int failure;
  if (!self) return NO_MEMORY;
  self->max_scans = max_scans;
  self->end_ns = end_ns;
  self->codec.err = jpeg_std_error(&self->errors);
  self->errors.error_exit = on_error;
  self->errors.emit_message = on_message;
  self->errors.output_message = print_nothing;
  self->codec.client_data = self;
  failure = setjmp(self->escape);
  if (failure) {
    packshot_jpeg_close(self);
    return failure;
  }
  jpeg_create_decompress(&self->codec);
  self->progress.progress_monitor = on_progress;
  self->codec.progress = &self->progress;
  jpeg_mem_src(&self->codec, data, (unsigned long)length);
  jpeg_read_header(&self->codec, TRUE);
  *coded_width = self->codec.image_width;
  *coded_height = self->codec.image_height;
  self->codec.out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  self->codec.scale_num = eighths;
  self->codec.scale_denom = 8;
  jpeg_start_decompress(&self->codec);
  if (self->codec.output_components != channels) longjmp(self->escape, DAMAGED);
  *width = self->codec.output_width;
  *height = self->codec.output_height;
  *opened = self;
  return DONE;
}

/* Makes the next `count` rows of `row_bytes` each; there must be as many left. */
int packshot_jpeg_read(struct packshot_jpeg *self, unsigned char *rows, size_t row_bytes, unsigned count) {
  int failure = setjmp(self->escape);
  if (failure) return failure;
  if (row_bytes < (size_t)self->codec.output_width * self->codec.output_components) return DAMAGED;
  for (volatile unsigned done = 0; done < count;) {
    JSAMPROW row = rows + done * row_bytes;
    if (jpeg_read_scanlines(&self->codec, &row, 1) != 1) return DAMAGED;
    done++;
  }
  return DONE;
}

/* Reads to the end of the picture, once all its rows were made. */
int packshot_jpeg_finish(struct packshot_jpeg *self) {
  int failure = setjmp(self->escape);
  if (failure) return failure;
  jpeg_finish_decompress(&self->codec);
  return DONE;
}
