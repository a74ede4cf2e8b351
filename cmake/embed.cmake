# cairn_embed(TARGET NAME FILE): the text of FILE as `extern const char* const NAME` in namespace cairn.
function(cairn_embed target name file)
  get_filename_component(source ${file} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  set(generated ${PROJECT_BINARY_DIR}/embedded/${name}.cc)
  file(CONFIGURE OUTPUT ${generated} CONTENT [==[
namespace cairn {
extern const char* const @name@;
const char* const @name@ = R"embedded(@text@)embedded";
}  // namespace cairn
]==] @ONLY)
  target_sources(${target} PRIVATE ${generated})
endfunction()
