<#
.SYNOPSIS
    Removes the YunYing front end. Images that wait for the centre, settings and logs stay.
#>
[CmdletBinding()]
param([ValidatePattern('^[A-Za-z]:\\[^"]{0,100}$')] [string] $InstallPath = "$env:ProgramFiles\YunYing")
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$service = 'YunYingFrontEnd'
if (Get-Service -Name $service -ErrorAction SilentlyContinue) {
    Stop-Service -Name $service -Force
    & "$InstallPath\venv\Scripts\python.exe" -m dicom_node.windows_service remove
    if ($LASTEXITCODE -ne 0) { throw "the service cannot be removed: exit code $LASTEXITCODE" }
}
Remove-NetFirewallRule -DisplayName 'YunYing DICOM' -ErrorAction SilentlyContinue
if (Test-Path -LiteralPath $InstallPath) {
    Remove-Item -LiteralPath $InstallPath -Recurse -Force
}
Write-Host "Removed. What is left: $env:ProgramData\YunYing, and the spool if it lies elsewhere."
