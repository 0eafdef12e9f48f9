# What `make install` puts where: the binary and its short name, the manual page,
# completions for bash, zsh and fish, the systemd user unit, and the data that is
# inside the binary too, for reading and as a start for files of one's own.

include(GNUInstallDirs)

# Page and completions come from the program's own tables.
set(generated ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated}/bash ${generated}/zsh ${generated}/fish)
set(generated_files "")
function(tokometer_generate output)
  add_custom_command(
    OUTPUT ${generated}/${output}
    COMMAND tokometer ${ARGN} > ${generated}/${output}
    DEPENDS tokometer
    VERBATIM)
  set(generated_files ${generated_files} ${generated}/${output} PARENT_SCOPE)
endfunction()
tokometer_generate(tokometer.1 man)
tokometer_generate(bash/tokometer completion bash)
tokometer_generate(zsh/_tokometer completion zsh)
tokometer_generate(fish/tokometer.fish completion fish)
add_custom_target(tokometer_generated ALL DEPENDS ${generated_files})

file(CREATE_LINK tokometer ${generated}/tok SYMBOLIC)

install(TARGETS tokometer RUNTIME)
install(FILES ${generated}/tok DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${generated}/tokometer.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${generated}/bash/tokometer DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${generated}/zsh/_tokometer DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${generated}/fish/tokometer.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# The unit names the program by its whole path, which only `cmake --install --prefix` decides.
install(CODE "
  set(program \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/tokometer\")
  configure_file(${CMAKE_SOURCE_DIR}/packaging/tokometer.service.in ${generated}/tokometer.service @ONLY)")
install(FILES ${generated}/tokometer.service DESTINATION ${CMAKE_INSTALL_DATADIR}/systemd/user)
install(DIRECTORY data/providers data/prices data/clients data/tools data/tokenizers
  DESTINATION ${CMAKE_INSTALL_DATADIR}/tokometer FILES_MATCHING PATTERN "*.json")
